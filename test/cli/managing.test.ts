import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scratchDirectory } from '../servers/scratch.ts'
import { gatehouse, lines, only, type Ran, type Serving, serve } from './gatehouse.ts'

let server: Serving
const cwd = scratchDirectory('managing')

const as = (env: Readonly<Record<string, string>>, ...args: string[]) => gatehouse(args, { cwd, env })
const run = (...args: string[]) => as(access(), ...args)
const access = () => ({ GATEHOUSE_URL: server.adminUrl, GATEHOUSE_ADMIN_KEY: server.adminKey ?? '' })
const pipe = (input: string, ...args: string[]) => gatehouse(args, { cwd, env: access(), input })
const madeId = async (...args: string[]) => only<{ id: string }>(await run(...args, '--json')).id

beforeAll(async () => {
  server = await serve([], { cwd })
}, 30_000)
afterAll(() => server.stop())

interface Key {
  readonly id: string
  readonly key: string
  readonly state: string
  readonly name: string
  readonly environment: string | null
  readonly expiresAt: string | null
  readonly scopes: readonly string[]
  readonly allowedCidrs: readonly string[]
}

let keys = 0

async function newKey(...args: string[]): Promise<Key> {
  const tenant = await madeId('tenants', 'create', `of key ${++keys}`)
  return only<Key>(await run('keys', 'create', 'k', '--kind', 'service', '--tenant', tenant, '--json', ...args))
}

const verdict = async (key: string, ...args: string[]) => {
  const ran = await pipe(key, 'keys', 'verify', '-', '--json', ...args)
  return { exit: ran.code, ...only<{ valid: boolean; code: string }>(ran) }
}

describe('keys', () => {
  test('a key lives from its creation to its end, and every step shows in the next check', async () => {
    const key = await newKey('--scope', 'read,write', '--environment', 'live', '--expires-in', '30d')
    expect(key).toMatchObject({ scopes: ['read', 'write'], environment: 'live', state: 'active' })
    expect(Date.parse(key.expiresAt ?? '')).toBeGreaterThan(0)
    expect(await verdict(key.key)).toMatchObject({ exit: 0, valid: true, code: 'VALID' })
    expect(await verdict(key.key, '--scope', 'admin')).toMatchObject({ exit: 1, valid: false, code: 'FORBIDDEN' })

    expect((await run('keys', 'disable', key.id)).out).toBe(`Key ${key.id} is disabled.\n`)
    expect(await verdict(key.key)).toMatchObject({ exit: 1, code: 'DISABLED' })
    await run('keys', 'enable', key.id)
    expect(await verdict(key.key)).toMatchObject({ exit: 0, code: 'VALID' })

    const rotated = only<Key>(await run('keys', 'rotate', key.id, '--grace', '10m', '--json'))
    expect(rotated.id).toBe(key.id)
    expect(await verdict(rotated.key)).toMatchObject({ code: 'VALID' })
    expect(await verdict(key.key)).toMatchObject({ code: 'VALID' })

    const receipt = only(await run('keys', 'revoke', key.id, '--wait', '--json'))
    expect(receipt).toMatchObject({ complete: true })
    for (const each of [key.key, rotated.key]) expect(await verdict(each)).toMatchObject({ exit: 1, code: 'REVOKED' })
  }, 60_000)

  test('a change leaves what is not named, and words clear what is', async () => {
    const key = await newKey('--cidr', '10.0.0.0/8', '--environment', 'live', '--expires-at', '2090-01-01T00:00:00Z')
    const changed = only<Key>(await run('keys', 'update', key.id, '--name', 'new', '--json'))
    expect(changed).toMatchObject({ name: 'new', allowedCidrs: ['10.0.0.0/8'], environment: 'live' })
    const words = ['--cidr', 'none', '--environment', 'none', '--expires-at', 'never']
    const cleared = only<Key>(await run('keys', 'update', key.id, ...words, '--json'))
    expect(cleared).toMatchObject({ name: 'new', allowedCidrs: [], environment: null, expiresAt: null })
  }, 30_000)

  test('deleted keys leave the list, and pages join without a gap', async () => {
    const tenant = await madeId('tenants', 'create', 'pages')
    const ids: string[] = []
    for (const name of ['a', 'b', 'c']) {
      ids.push(await madeId('keys', 'create', name, '--kind', 'service', '--tenant', tenant))
    }
    const list = (...args: string[]) => run('keys', 'list', '--tenant', tenant, ...args)
    const all = lines<Key>(await list('--limit', '1', '--all', '--json'))
    expect(all.map(({ id }) => id).sort()).toEqual(ids.sort())
    expect((await list('--limit', '2')).out).toMatch(/There is more: --cursor \S+, or --all/)
    await run('keys', 'delete', ids[0] ?? '')
    expect(lines(await list('--json'))).toHaveLength(2)
    expect((await run('keys', 'get', ids[0] ?? '')).code).toBe(1)
  }, 60_000)

  test('keys that were made elsewhere work unchanged once they are imported, and lines are refused one by one', async () => {
    const tenant = await madeId('tenants', 'create', 'imports')
    const app = await madeId('apps', 'create', 'imported', '--tenant', tenant, '--mode', 'chat')
    const own = ['--kind', 'app', '--tenant', tenant, '--app', app]
    const file = 'key,name\napp-Zx81kQpL0aNc7YdR4mT2vWbe,old\nshort,bad\n'
    const first = await pipe(file, 'keys', 'import', '-', '--json', ...own)
    expect(first.code).toBe(1)
    expect(only(first)).toEqual({ imported: 1, existing: 0, refused: 1 })
    expect(first.err).toMatch(/^Key 2: /)
    expect(await verdict('app-Zx81kQpL0aNc7YdR4mT2vWbe')).toMatchObject({ exit: 0, code: 'VALID' })
    const again = await pipe('{"key":"app-Zx81kQpL0aNc7YdR4mT2vWbe"}', 'keys', 'import', '-', ...own)
    expect(again).toEqual({ code: 0, out: '0 imported, 1 were here already, 0 refused.\n', err: '' })
  }, 30_000)

  test('tables and records are for people', async () => {
    const key = await newKey()
    const { out } = await run('keys', 'list')
    expect(out).toMatch(/^ID +NAME +KIND +STATE/)
    expect(out).not.toContain('\u001B')
    expect((await run('keys', 'get', key.id)).out).toMatch(new RegExp(`^id +${key.id}$`, 'm'))
    expect((await run('keys', 'list', '-q', 'no such name')).out).toBe('There are no such keys.\n')
  }, 30_000)
})

describe('tenants and apps', () => {
  test('a suspended tenant and a disabled app refuse their keys until they are let again', async () => {
    const tenant = await madeId('tenants', 'create', 'Acme', '--key-prefix', 'acme')
    const app = await madeId('apps', 'create', 'Help', '--tenant', tenant, '--mode', 'chat')
    const args = ['create', 'k', '--kind', 'app', '--tenant', tenant, '--app', app, '--json']
    const { key } = only<Key>(await run('keys', ...args))
    expect(key).toMatch(/^acme_app_/)
    for (const [stop, code, go] of [
      [['tenants', 'suspend', tenant], 'TENANT_SUSPENDED', ['tenants', 'activate', tenant]],
      [['apps', 'disable', app], 'APP_DISABLED', ['apps', 'enable', app]],
    ] as const) {
      expect((await run(...stop)).code).toBe(0)
      expect(await verdict(key)).toMatchObject({ exit: 1, code })
      expect((await run(...go)).code).toBe(0)
      expect(await verdict(key)).toMatchObject({ exit: 0, code: 'VALID' })
    }
    const refused = await run('tenants', 'delete', tenant)
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/still belong to this tenant.*Delete them first/)
  }, 60_000)

  test('tenants and apps are listed, shown, changed and deleted', async () => {
    const tenant = await madeId('tenants', 'create', 'Short', '--key-prefix', 'short', '--metadata', '{"a":1}')
    const app = await madeId('apps', 'create', 'Shorter', '--tenant', tenant)
    expect(only(await run('tenants', 'get', tenant, '--json'))).toMatchObject({
      keyPrefix: 'short',
      metadata: { a: 1 },
    })
    const changed = await run('tenants', 'update', tenant, '--name', 'Long', '--key-prefix', 'none', '--json')
    expect(only(changed)).toMatchObject({ name: 'Long', keyPrefix: null, metadata: { a: 1 } })
    expect(lines(await run('apps', 'list', '--tenant', tenant, '--json'))).toMatchObject([{ id: app }])
    expect(only(await run('apps', 'get', app, '--json'))).toMatchObject({ mode: 'service', state: 'active' })
    expect((await run('apps', 'delete', app)).code).toBe(0)
    expect((await run('tenants', 'delete', tenant)).code).toBe(0)
    expect((await run('tenants', 'list', '-q', 'Long')).out).toBe('There are no such tenants.\n')
  }, 60_000)
})

test('nodes, audit and the flush of caches', async () => {
  expect(lines(await run('nodes', '--json'))).toMatchObject([{ left: false }])
  const { revision } = only<{ revision: number }>(await run('cache', 'flush', '--json'))
  expect(revision).toBeGreaterThan(0)
  const tenant = await madeId('tenants', 'create', 'audited')
  const entries = lines(await run('audit', '--subject', tenant, '--json'))
  expect(entries).toMatchObject([{ action: 'tenant.create', subjectId: tenant, actor: { ip: '127.0.0.1' } }])
}, 30_000)

describe('wrong use ends with 2, refusals with 1, each with a sentence', () => {
  const cases: readonly [string, () => Promise<Ran>, number, RegExp][] = [
    ['a command that is none', () => run('keyz'), 2, /Did you mean keys/],
    ['an option that is none', () => run('keys', 'list', '--al'), 2, /Did you mean --all/],
    ['an option that is missing', () => run('keys', 'create', 'x'), 2, /--kind/],
    ['a value that is none', () => run('keys', 'create', 'x', '--kind', 'service', '--expires-in', '3'), 2, /30d/],
    ['no admin key', () => as({}, 'keys', 'list'), 2, /GATEHOUSE_ADMIN_KEY/],
    ['an address that is none', () => run('keys', 'list', '--url', 'localhost:1'), 2, /http:\/\/127\.0\.0\.1:8700/],
    ['a key that would be lost', () => run('keys', 'create', 'x', '--kind', 'admin', '--quiet'), 2, /--quiet/],
    ['no server there', () => run('keys', 'list', '--url', 'http://127.0.0.1:1'), 1, /gatehouse serve/],
    ['a wrong admin key', () => run('keys', 'list', '--admin-key', 'not-an-admin-key'), 1, /\.$/m],
    ['an id that is none', () => run('keys', 'get', 'nope'), 1, /no key with this id/],
    ['a bad CIDR', () => run('keys', 'create', 'x', '--kind', 'admin', '--cidr', '10.0.0.0/99'), 1, /10\.0\.0\.0\/99/],
  ]
  test.each(cases)('%s', async (_, ran, code, sentence) => {
    const { code: exit, out, err } = await ran()
    expect(err).toMatch(sentence)
    expect(exit).toBe(code)
    expect(out).toBe('')
  })
})

test('--quiet says nothing but errors', async () => {
  expect(await run('tenants', 'list', '--quiet')).toEqual({ code: 0, out: '', err: '' })
  expect((await run('tenants', 'get', 'nope', '--quiet')).err).not.toBe('')
})
