import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { scratchDirectory } from '../servers/scratch.ts'

/** The folder map, as the architecture page tells it. What the linter enforces must say the same. */
const map: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  domain: ['kernel'],
  tokens: ['kernel', 'domain'],
  resilience: ['kernel'],
  cache: ['kernel', 'resilience'],
  authority: ['kernel', 'domain', 'tokens', 'cache', 'resilience'],
  access: ['kernel', 'domain', 'cache', 'resilience'],
  apps: ['kernel', 'domain', 'resilience', 'stream'],
  stream: ['kernel'],
  usage: ['kernel', 'domain'],
  gateway: ['kernel', 'domain', 'tokens', 'resilience', 'cache', 'authority', 'access', 'apps', 'stream', 'usage'],
  middleware: ['domain', 'gateway'],
  client: ['kernel'],
  http: [
    ...['kernel', 'domain', 'tokens', 'resilience', 'cache', 'authority', 'access', 'apps', 'stream', 'usage'],
    ...['gateway', 'middleware', 'client'],
  ],
  adapters: ['kernel', 'domain', 'stream', 'cache', 'authority', 'access', 'usage'],
  cli: ['kernel', 'domain'],
}
const folders = [...Object.keys(map), 'testing']
const drivers = ['kysely', 'pg', 'node:sqlite', 'ioredis', 'ioredis/built/cluster/index.js', 'bullmq']
const web = ['fastify', '@fastify/swagger']

interface Diagnostic {
  readonly category: string
  readonly location: { readonly path: string }
}

const root = scratchDirectory('house')
let found: readonly Diagnostic[]

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), `${text}\n`)
}

/** One import in a file of its own, so that each refusal can be told apart. */
function plantImport(file: string, specifier: string): void {
  plant(file, `import * as planted from '${specifier}'\n\nexport const seen = planted`)
}

function rulesBroken(path: string): readonly string[] {
  return found.filter(({ location }) => location.path.endsWith(path)).map(({ category }) => category)
}

const slug = (specifier: string) => specifier.replace(/[^a-z]+/g, '-').replace(/^-|-$/g, '')

const restricted = 'lint/style/noRestrictedImports'

beforeAll(async () => {
  copyFileSync('biome.jsonc', join(root, 'biome.jsonc'))
  for (const folder of folders) {
    plant(`src/${folder}/leaf.ts`, 'export const leaf = 1')
    for (const other of folders.filter((name) => name !== folder)) {
      plantImport(`src/${folder}/to-${other}.ts`, `../${other}/leaf.ts`)
    }
    for (const vendor of [...drivers, ...web]) plantImport(`src/${folder}/vendor-${slug(vendor)}.ts`, vendor)
    plantImport(`src/${folder}/to-runtime.ts`, '../runtime.ts')
  }
  plant('src/http/contract.ts', 'export const contract = 1')
  plantImport('src/cli/to-contract.ts', '../http/contract.ts')
  plantImport('src/cache/exempt.test.ts', '../adapters/leaf.ts')
  plantImport('src/runtime.ts', './adapters/leaf.ts')
  plantImport('src/runtime-rooms.ts', './cli/leaf.ts')
  plantImport('src/settings-rooms.ts', './adapters/leaf.ts')
  plantImport('src/index.ts', 'pg')
  plantImport('src/library.ts', './cli/leaf.ts')
  for (const [name, text] of Object.entries(rules)) plant(`src/domain/${name}`, text)
  found = await lint()
}, 60_000)

/** A fault per rule of the house, by the file that holds it. */
const rules: Readonly<Record<string, string>> = {
  'ring-one.ts': "import type { Two } from './ring-two.ts'\n\nexport type One = { readonly two?: Two }",
  'ring-two.ts': "import type { One } from './ring-one.ts'\n\nexport type Two = { readonly one?: One }",
  'default-export.ts': 'export default 1',
  'type-import.ts': "import { leaf } from './leaf.ts'\n\nexport type Leaf = typeof leaf",
  'non-null.ts': 'export const first = (list: readonly string[]) => list[0]!.length',
  'explicit-any.ts': 'export const same = (value: any) => value',
  'parameter-assign.ts': 'export function next(count: number) {\n  count = count + 1\n  return count\n}',
  'export-all.ts': "export * from './leaf.ts'",
  'CamelCase.ts': 'export const camel = 1',
  'floating.ts': 'async function work(): Promise<void> {}\n\nexport function begin() {\n  work()\n}',
  'switch.ts':
    "export function side(value: 'a' | 'b'): string {\n  switch (value) {\n    case 'a':\n      return 'left'\n  }\n  return ''\n}",
}

async function lint(): Promise<readonly Diagnostic[]> {
  const biome = join(process.cwd(), 'node_modules/@biomejs/biome/bin/biome')
  const output = await new Promise<string>((resolve) => {
    const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.']
    execFile(process.execPath, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (_failed, stdout) => resolve(stdout))
  })
  return JSON.parse(output).diagnostics
}

describe.each(Object.entries(map))('src/%s', (folder, allowed) => {
  test(`imports ${allowed.join(', ') || 'nothing'} and no other folder`, () => {
    const others = folders.filter((name) => name !== folder)
    const accepted = others.filter((other) => !rulesBroken(`src/${folder}/to-${other}.ts`).includes(restricted))
    expect(accepted.toSorted()).toEqual([...allowed].sort())
  })
})

test('only the command line and the suites reach the runtime', () => {
  const reaching = folders.filter((folder) => !rulesBroken(`src/${folder}/to-runtime.ts`).includes(restricted))
  expect(reaching).toEqual(['cli', 'testing'])
})

test('the command line takes the contract of the server, and nothing else of it', () => {
  expect(rulesBroken('src/cli/to-contract.ts')).not.toContain(restricted)
  expect(rulesBroken('src/cli/to-http.ts')).toContain(restricted)
})

test('the suites import every folder but the command line', () => {
  const refused = folders.filter((other) => rulesBroken(`src/testing/to-${other}.ts`).includes(restricted))
  expect(refused).toEqual(['cli'])
})

test.each(drivers)('%s is named in src/adapters only', (driver) => {
  const naming = folders.filter(
    (folder) => !rulesBroken(`src/${folder}/vendor-${slug(driver)}.ts`).includes(restricted),
  )
  expect(naming).toEqual(['adapters'])
})

test.each(web)('%s is named in src/http and src/middleware only', (name) => {
  const naming = folders.filter((folder) => !rulesBroken(`src/${folder}/vendor-${slug(name)}.ts`).includes(restricted))
  expect(naming).toEqual(['middleware', 'http'])
})

test('tests may reach further than the code they test', () => {
  expect(rulesBroken('src/cache/exempt.test.ts')).not.toContain(restricted)
})

test('the runtime composes adapters, and no command; the library names no driver and no command', () => {
  expect(rulesBroken('src/runtime.ts')).not.toContain(restricted)
  expect(rulesBroken('src/runtime-rooms.ts')).toContain(restricted)
  expect(rulesBroken('src/index.ts')).toContain(restricted)
  expect(rulesBroken('src/library.ts')).toContain(restricted)
})

test('settings know nothing of what they set', () => {
  expect(rulesBroken('src/settings-rooms.ts')).toContain(restricted)
})

test.each([
  ['ring-one.ts', 'lint/suspicious/noImportCycles'],
  ['default-export.ts', 'lint/style/noDefaultExport'],
  ['type-import.ts', 'lint/style/useImportType'],
  ['non-null.ts', 'lint/style/noNonNullAssertion'],
  ['explicit-any.ts', 'lint/suspicious/noExplicitAny'],
  ['parameter-assign.ts', 'lint/style/noParameterAssign'],
  ['export-all.ts', 'lint/performance/noReExportAll'],
  ['CamelCase.ts', 'lint/style/useFilenamingConvention'],
  ['floating.ts', 'lint/nursery/noFloatingPromises'],
  ['switch.ts', 'lint/nursery/useExhaustiveSwitchCases'],
])('%s breaks %s', (file, rule) => {
  expect(rulesBroken(`src/domain/${file}`)).toContain(rule)
})
