// `npm run bench`: the benchmarks, from a fresh clone. Brings the peers that they measure against, builds, and runs; further
// arguments name rows: `npm run bench -- P1 P4`.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { npm, root, run } from './project.mjs'
import { setUp } from './setup.mjs'

const bench = join(root, 'bench')
const stamp = join(bench, 'node_modules', '.gatehouse-bench')

await setUp()
const failed = (await installPeers()) || (await build())
if (failed) process.exit(failed)
process.exitCode = await run('node', ['bench/run.ts', ...process.argv.slice(2)])

/** Peers have a package and a lock of their own. */
async function installPeers() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(bench, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 0
  console.log('Setting up: installing the peers of the benchmarks (once)')
  const code = await npm(['install', '--prefix', bench, '--no-save', '--loglevel=error'])
  if (code === 0) writeFileSync(stamp, wanted)
  return code
}
