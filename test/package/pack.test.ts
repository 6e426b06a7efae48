import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, test } from 'vitest'
import { tieToThisProcess, untie } from '../servers/scratch.ts'
import { cacheExample } from './cache-example.ts'
import { installPacked, type Project } from './project.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

let project: Project
let manifest: Manifest
const installed = () => join(project.dir, 'node_modules', 'gatehouse')

// Packing builds, and installing asks the registry for what is not in npm's cache.
beforeAll(async () => {
  project = await installPacked()
  manifest = JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8')) as Manifest
}, 240_000)

test('every published address has its code and its types', () => {
  const files = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : [entry.types, entry.default],
  )
  expect(files.filter((file) => !existsSync(join(installed(), file)))).toEqual([])
})

test('the package holds no tests, runs nothing when it is installed, and asks for nothing that it does not use', () => {
  const files = readdirSync(join(installed(), 'dist'), { recursive: true, encoding: 'utf8' })
  expect(files.filter((file) => /\.test\.|testing\/sql-/.test(file))).toEqual([])
  expect(Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([])
  const code = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(installed(), 'dist', file), 'utf8'))
    .join('\n')
  const used = (name: string) => code.includes(`from '${name}'`) || code.includes(`import('${name}')`)
  expect(Object.keys(manifest.dependencies).filter((name) => !used(name))).toEqual([])
})

test('the command serves, and the demo key that it prints is good', async () => {
  const npx = spawn('npx', ['--no', 'gatehouse', 'serve', '--demo', '--port', '0', '--json', '--log-level', 'warn'], {
    cwd: project.dir,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { pid } = npx
  if (pid === undefined) throw new Error('npx could not be started')
  tieToThisProcess(pid)
  try {
    const [line] = await once(createInterface({ input: npx.stdout }), 'line')
    const { url, demo } = JSON.parse(String(line)) as { readonly url: string; readonly demo: { readonly key: string } }
    const answer = await fetch(`${url}/authz`, { headers: { authorization: `Bearer ${demo.key}` } })
    expect([answer.status, answer.headers.get('x-gatehouse-tenant-id')]).toEqual([200, expect.stringMatching(/^ten_/)])
    expect((await fetch(`${url}/docs`)).status).toBe(200)
  } finally {
    process.kill(-pid, 'SIGTERM')
    await once(npx, 'exit')
    untie(pid)
  }
})

const library = `
import { createServer } from 'node:http'
import Fastify from 'fastify'
import { createGatehouse, type SettingsInput, type Verdict } from 'gatehouse'
import { gatehouse } from 'gatehouse/fastify'
import { protect } from 'gatehouse/node'

const settings: SettingsInput = { databaseUrl: 'sqlite:library.db', logLevel: 'silent' }
const gate = await createGatehouse(settings)
const verdict: Verdict = await gate.verify('no key')
const app = Fastify()
await app.register(gatehouse, { gate, scope: 'service' })
app.get('/', (request) => \`hello \${request.principal?.tenantId}\`)
const server = createServer(protect(gate, (_request, response, principal) => response.end(principal.keyId)))
`

describe('as a library', () => {
  test('its types pass the strictest checks, their own included', async () => {
    const text = `${library}
import * as cache from 'gatehouse/cache'
import * as testing from 'gatehouse/testing'
import * as suites from 'gatehouse/testing/suites'
export { app, server, verdict, cache, testing, suites }
`
    expect(await project.compile('library.ts', text)).toBe('')
  }, 60_000)

  test('it checks keys, by itself and in both middlewares', async () => {
    const said = await project.script(
      'checks.ts',
      `${library}
const { statusCode } = await app.inject('/')
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const port = typeof address === 'object' && address ? address.port : 0
const { status } = await fetch(\`http://127.0.0.1:\${port}\`)
server.close()
await gate.close()
console.log(JSON.stringify([verdict.kind === 'refused' && verdict.reason, statusCode, status, gate.peek('no key')]))
`,
    )
    expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toEqual(['MALFORMED', 401, 401, null])
  })

  test('gatehouse/cache keeps something else, and forgets it when its original changes', async () => {
    expect(await project.compile('cache-example.ts', cacheExample)).toBe('')
    expect(JSON.parse(await project.script('cache-example.ts', cacheExample))).toEqual(['first', 'first', 'second'])
  }, 60_000)

  test('gatehouse/testing needs no test runner, and its suites say that they need vitest', async () => {
    const loads = (entry: string) => project.script('loads.js', `console.log(typeof (await import('${entry}')))`)
    expect(await loads('gatehouse/testing')).toBe('object\n')
    await expect(loads('gatehouse/testing/suites')).rejects.toThrow(/Cannot find package 'vitest'/)
  })
})
