import { drawn, escaped } from './plots.ts'
import { type Report, verdicts } from './report.ts'
import type { RowReport } from './row.ts'

const style = `
  :root { color-scheme: light dark; --missed: #b91c1c; --rule: #8884; }
  @media (prefers-color-scheme: dark) { :root { --missed: #f87171; } }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--rule); }
  tr.missed td, tr.failed td { color: var(--missed); }
  section { margin-top: 2.5rem; }
  figure { margin: 1rem 0; max-width: 44rem; }
  figcaption { font-weight: 600; }
  svg { width: 100%; height: auto; font-size: 12px; fill: currentColor; }
  .rule { stroke: var(--rule); }
  small { font-weight: 400; opacity: .75; }
  code { font-size: .95em; }
`

/** A page that needs nothing but itself. */
export function pageOf(report: Report): string {
  const { machine, rows } = report
  const where =
    `${report.at}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ` +
    `Node ${machine.node}${machine.commit ? `, commit ${machine.commit}` : ''}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gatehouse: benchmarks</title>
<style>${style}</style>
</head>
<body>
<h1>Gatehouse: benchmarks</h1>
<p>${escaped(where)}${report.quick ? '. <strong>A quick run: its figures say little.</strong>' : ''}</p>
<table>
<thead><tr><th>id</th><th>what</th><th>measured against</th><th>this machine</th><th>target</th><th>verdict</th></tr></thead>
<tbody>
${rows.map(line).join('\n')}
</tbody>
</table>
${rows.map(details).join('\n')}
</body>
</html>
`
}

function line(row: RowReport): string {
  const cells = [row.id, row.what, row.against, row.said, row.target, verdicts[row.outcome]]
  return `<tr class="${row.outcome}">${cells.map((text) => `<td>${withCode(text)}</td>`).join('')}</tr>`
}

function details(row: RowReport): string {
  const load = row.load.map((value) => value.toFixed(2)).join(' before, ')
  return `<section id="${row.id}">
<h2>${row.id}: ${withCode(row.what)}</h2>
<p>Against ${withCode(row.against)}. Target: ${withCode(row.target)}. <strong>${verdicts[row.outcome]}</strong>.</p>
${row.plots.map(drawn).join('\n')}
${row.notes.map((note) => `<p>${withCode(note)}</p>`).join('\n')}
<p><small>Load average ${load} after; ${(row.tookMs / 1000).toFixed(0)} s.</small></p>
</section>`
}

function withCode(text: string): string {
  return escaped(text).replace(/`([^`]*)`/g, '<code>$1</code>')
}
