import { parseArgs } from 'node:util'
import { explore } from './run.ts'
import { loadSubject } from './subject.ts'

/*
 * node test/simulation/explore.ts --seeds 1000 --from 0 [--src DIR] [--trace] [--stop]
 *
 * Prints one line of JSON at the end. `--trace` prints the events of each seed that failed; `--stop` ends at the first.
 */

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    src: { type: 'string', default: new URL('../../src', import.meta.url).pathname },
    hashes: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
  },
})

const unhandled: string[] = []
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)))

const subject = await loadSubject(values.src)
const from = Number(values.from)
const until = from + Number(values.seeds)
const hashes = new Set<string>()
const failed: { readonly seed: number; readonly violations: readonly string[] }[] = []
const startedMs = performance.now()
let events = 0
let tried = 0

for (let seed = from; seed < until; seed++) {
  const { hash, violations, trace, moments } = await explore(subject, seed)
  tried++
  events += trace.length
  hashes.add(hash)
  const all = [...violations, ...unhandled.splice(0).map((reason) => `unhandled rejection: ${reason}`)]
  if (all.length === 0) continue
  failed.push({ seed, violations: all })
  if (values.trace)
    process.stderr.write(
      `seed ${seed}\n${trace.map((line, at) => `${String(moments[at]).padStart(6)}  ${line}`).join('\n')}\n`,
    )
  if (values.stop) break
}

const tookMs = Math.round(performance.now() - startedMs)
const summary = { tried, distinct: hashes.size, events, tookMs, failed: failed.length, first: failed.slice(0, 10) }
process.stdout.write(`${JSON.stringify(values.hashes ? { ...summary, hashes: [...hashes] } : summary)}\n`)
