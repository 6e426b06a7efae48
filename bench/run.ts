/**
 * Runs the benchmarks and writes down what came out: `npm run bench`, or only some rows, `npm run bench -- P1 P4`.
 * `--quick` shortens every row, for working on the benchmarks themselves. Exits with 1 where a target is not met.
 */
import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { thisMachine } from './machine.ts'
import { pageOf } from './page.ts'
import { type Report, tableOf, verdicts } from './report.ts'
import type { RowReport } from './row.ts'
import { rows } from './rows.ts'

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const quick = process.argv.includes('--quick')
const unknown = asked.filter((id) => !rows.some((row) => row.id === id))
if (unknown.length > 0) {
  process.stderr.write(`There is no row ${unknown.join(', ')}; there are ${rows.map(({ id }) => id).join(', ')}\n`)
  process.exit(2)
}

const at = new Date().toISOString()
const reports: RowReport[] = []
for (const row of rows.filter(({ id }) => asked.length === 0 || asked.includes(id))) {
  process.stderr.write(`${row.id} … (load ${loadavg()[0]?.toFixed(1)})\n`)
  const report = await measured(row.id)
  process.stderr.write(`${row.id} ${verdicts[report.outcome]}: ${report.said}\n`)
  reports.push(report)
}

const report: Report = { at, quick, machine: thisMachine(), rows: reports }
const colours = { missed: 31, failed: 31, holds: 32, reported: 0 } as const
const paint = (text: string, outcome: RowReport['outcome']) =>
  process.stdout.isTTY ? `\x1b[${colours[outcome]}m${text}\x1b[0m` : text
process.stdout.write(`\n${tableOf(reports, paint)}\n\n`)

const results = new URL('results/', import.meta.url)
mkdirSync(results, { recursive: true })
const name = at.replace(/[:.]/g, '-')
for (const [ending, text] of [
  ['json', `${JSON.stringify(report, null, 2)}\n`],
  ['html', pageOf(report)],
] as const) {
  const file = fileURLToPath(new URL(`${name}.${ending}`, results))
  writeFileSync(file, text)
  process.stdout.write(`${file}\n`)
}
process.exitCode = reports.some(({ outcome }) => outcome === 'missed' || outcome === 'failed') ? 1 : 0

function measured(id: string): Promise<RowReport> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('row-process.ts', import.meta.url), [id, ...(quick ? ['--quick'] : [])], {
      serialization: 'advanced',
    })
    let told: RowReport | undefined
    child.on('message', (report) => {
      told = report as RowReport
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (told) resolve(told)
      else reject(new Error(`${id} ended with code ${code} and said nothing`))
    })
  })
}
