// `npm test`: the whole gate, from a fresh clone. Further arguments go to vitest: `npm test -- src/cache`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { root, run } from './project.mjs'
import { setUp } from './setup.mjs'

/** Biome colours every character also where nobody sees colours. */
const plain = process.stdout.isTTY ? [] : ['--colors=off']

/** In order; the first that fails ends the run. */
const steps = [
  ['set-up', async () => (await setUp()) ?? 0],
  ['format, lint and folder map', () => run('biome', ['ci', '--diagnostic-level=warn', ...plain, '.'])],
  ['types', () => run('tsc', ['-p', 'tsconfig.json'])],
  ['build', build],
  ['reference pages are as the code says', () => runScript('scripts/docs.mjs', '--check')],
  ['servers for the tests', () => run('node', ['test/servers/ensure.ts'])],
  ['tests', () => run('vitest', ['run', ...process.argv.slice(2)])],
]

/** Runs a script of the project that not every checkout has. */
function runScript(path, ...args) {
  return existsSync(join(root, path)) ? run('node', [path, ...args]) : 0
}

for (const [name, step] of steps) {
  console.log(`\n— ${name}`)
  const code = await step()
  if (code !== 0) {
    console.error(`\nFailed: ${name}`)
    process.exit(code)
  }
}
