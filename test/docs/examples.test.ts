import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../servers/scratch.ts'

const run = promisify(execFile)
const root = resolve('.')
const pages = ['README.md', ...readdirSync('docs/guide').map((name) => `docs/guide/${name}`)]

interface Example {
  /** Tells page and line, also in what the compiler says. */
  readonly name: string
  readonly text: string
}

function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^ *```ts\n([\s\S]*?)^ *```$/gm)].map(({ index, 1: code = '' }) => {
    const line = text.slice(0, index).split('\n').length
    return { name: `${page.replaceAll(/[/.]/g, '_')}_line_${line}.ts`, text: code }
  })
}

/** What a reader of a page has at hand where the page does not say where it comes from. */
const atHand = `declare const token: string
declare const gate: import('gatehouse').Gatehouse
`

/** The addresses that the package publishes, on the sources. */
function publishedPaths(): Readonly<Record<string, readonly string[]>> {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly exports: Readonly<Record<string, { readonly types?: string }>>
  }
  const entries = Object.entries(exports).flatMap(([name, { types }]) => (types === undefined ? [] : [[name, types]]))
  return Object.fromEntries(
    entries.map(([name = '', types = '']) => [
      name.replace('.', 'gatehouse'),
      [join(root, types.replace('./dist', 'src').replace('.d.ts', '.ts'))],
    ]),
  )
}

test('every example of the README and the guide compiles', async () => {
  const examples = pages.flatMap(examplesOf)
  expect(examples.length).toBeGreaterThanOrEqual(4)
  const dir = scratchDirectory('examples')
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(dir, 'at-hand.d.ts'), atHand)
  for (const { name, text } of examples) writeFileSync(join(dir, name), `${text}\nexport {}\n`)
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { paths: publishedPaths(), noUnusedLocals: false, noUnusedParameters: false },
    include: ['*.ts'],
    exclude: [],
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(settings))
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  const said = await run(compiler, ['-p', dir, '--pretty', 'false']).then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  )
  expect(said).toBe('')
}, 60_000)
