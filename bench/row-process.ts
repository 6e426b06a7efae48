/** Measures one row in a process of its own, so that no row inherits another's heap: `node row-process.ts P1 [--quick]`. */
import { loadavg } from 'node:os'
import { loadCore, pin } from './cores.ts'
import type { Measured, RowReport } from './row.ts'
import { rows } from './rows.ts'

const [id, ...flags] = process.argv.slice(2)
const row = rows.find((each) => each.id === id)
if (!row) throw new Error(`There is no row ${id}`)

if (row.place === 'load core') pin(process.pid, loadCore)
const { what, against, target } = row
const [before = 0] = loadavg()
const startedMs = performance.now()
const measured = await row.measure({ quick: flags.includes('--quick') }).catch(failed)
const [after = 0] = loadavg()
const report: RowReport = {
  id: row.id,
  what,
  against,
  target,
  ...measured,
  load: [before, after],
  tookMs: Math.round(performance.now() - startedMs),
}
if (process.send) process.send(report, () => process.exit(0))
else {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  process.exit(0)
}

function failed(error: unknown): Omit<Measured, 'outcome'> & { readonly outcome: 'failed' } {
  const said = error instanceof Error ? error.message : String(error)
  return { outcome: 'failed', said, figures: {}, plots: [], notes: [] }
}
