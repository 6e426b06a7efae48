import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { valuesOf } from './api.ts'
import { type Recipe, startRecipe } from './recipe.ts'

let recipe: Recipe
let good: { readonly id: string; readonly key: string }

beforeAll(async () => {
  recipe = await startRecipe()
  good = await recipe.newKey()
})
afterAll(() => recipe.stop())

const identity = ['Key-Id', 'Tenant-Id', 'App-Id', 'Subject', 'Scopes', 'Degraded'].map((name) => `X-Gatehouse-${name}`)
/** Every way to write `name` with `-`, `_` or `.` between its words. */
function spellings(name: string): readonly string[] {
  const [first = '', ...words] = name.split('-')
  return words.reduce<string[]>(
    (heads, word) => heads.flatMap((head) => ['-', '_', '.'].map((mark) => head + mark + word)),
    [first],
  )
}

describe.each(['/', '/events/', '/uploads/', '/health'])('forged identity headers at %s', (path) => {
  test.each(identity)('%s in any spelling never reaches the API', async (name) => {
    const written = spellings(name).flatMap((one) => [one, one.toLowerCase(), one.toUpperCase()])
    for (const some of chunks(written, 60)) {
      const reply = recipe.ask(path, { key: good.key, headers: some.flatMap((one) => [one, 'forged']) })
      if (path === '/events/') await released()
      expect((await reply).status).toBe(200)
      const seen = recipe.api.seen.at(-1)?.headers ?? []
      expect(JSON.stringify(seen)).not.toContain('forged')
      expect(valuesOf(seen, 'X-Gatehouse-Key-Id')).toEqual(path === '/health' ? [] : [good.id])
    }
  })
})

async function released(): Promise<void> {
  const before = recipe.api.seen.length
  while (recipe.api.seen.length === before) await new Promise((resolve) => setImmediate(resolve))
  recipe.api.nextEvent()
}

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}

test('a WebSocket takes no forged identity either', async () => {
  await recipe.ask('/socket/', { key: good.key, headers: identity.flatMap((name) => [name, 'forged']) })
  expect(JSON.stringify(recipe.api.seen.at(-1))).not.toContain('forged')
})

test('a client cannot say where it comes from', async () => {
  const { key } = await recipe.newKey({ allowedCidrs: ['203.0.113.0/24'] })
  for (const name of [
    'X-Forwarded-For',
    'X-Real-IP',
    'Forwarded',
    'X-Forwarded-Host',
    'X-Original-URI',
    'True-Client-IP',
  ]) {
    const value = name === 'Forwarded' ? 'for=203.0.113.7' : '203.0.113.7'
    const reply = await recipe.ask('/', { key, headers: [name, value, name, value] })
    expect([reply.status, reply.json.code]).toEqual([403, 'IP_NOT_ALLOWED'])
  }
  const { key: local } = await recipe.newKey({ allowedCidrs: ['127.0.0.1'] })
  expect((await recipe.ask('/', { key: local, headers: ['X-Forwarded-For', '203.0.113.7'] })).status).toBe(200)
  expect(valuesOf(recipe.api.seen.at(-1)?.headers ?? [], 'X-Forwarded-For')).toEqual(['127.0.0.1'])
})

test('the id of a request is the one of nginx, from the client to the API', async () => {
  await recipe.ask('/', { key: good.key, headers: ['X-Request-Id', 'mine'] })
  expect(valuesOf(recipe.api.seen.at(-1)?.headers ?? [], 'X-Request-Id')[0]).toMatch(/^[0-9a-f]{32}$/)
  const refused = await recipe.ask('/', { headers: ['X-Request-Id', 'mine', 'Prefer', 'nothing'] })
  expect(refused.json.instance).toMatch(/^[0-9a-f]{32}$/)
  expect(refused.headers['x-request-id']).toBe(refused.json.instance)
})

test('the check has no address of its own, and neither has anything else of Gatehouse', async () => {
  const before = recipe.api.seen.length
  for (const path of [
    '/_gatehouse',
    '/_gatehouse?scope=x',
    '//_gatehouse',
    '/%5fgatehouse',
    '/_gatehouse/unreadable',
  ]) {
    expect([path, (await recipe.ask(path, { key: good.key })).status]).toEqual([path, 404])
  }
  expect(recipe.api.seen).toHaveLength(before)
  for (const path of ['/api/v1/keys', '/authz', '/metrics', '/readyz']) {
    const reply = await recipe.ask(path, { key: good.key })
    expect([reply.status, reply.json.url]).toEqual([200, path]) // The API's own, not Gatehouse's.
  }
})

test.each([
  '//admin/x',
  '/./admin/x',
  '/x/../admin/x',
  '/%61dmin/x',
  '/admin%2fx',
  '/x%2f..%2fadmin%2fx',
  '/x/%2e%2e/admin/x',
  '/x/..%2fadmin/x',
  '/x//..//admin//x',
  '/health/../admin/x',
  '/health%2f..%2fadmin/x',
  '/events/../admin/x',
  '/admin/../admin/x',
  '/admin/x?y=/../../health',
  '/admin/x#/../../health',
])('a key without the scope does not reach /admin/ as %s', async (path) => {
  const before = recipe.api.seen.length
  const reply = await recipe.ask(path, { key: good.key })
  expect([reply.status, reply.json.code]).toEqual([403, 'FORBIDDEN'])
  const nobody = await recipe.ask(path)
  expect(nobody.status).toBe(401)
  expect(recipe.api.seen).toHaveLength(before)
})

test.each([
  ['/admin/../open/x', '/open/x'],
  ['/admin/..%2fopen/x', '/open/x'],
  ['/admin%2f%2e%2e%2fopen', '/open'],
  ['/%2561dmin/x', '/%2561dmin/x'],
  ['/x/%252e%252e/admin/x', '/x/%252e%252e/admin/x'],
  ['/a%20b%3Fc%23d', '/a%20b%3Fc%23d'],
  ['/a%0d%0aX-Gatehouse-Key-Id:%20forged', '/a%0D%0AX-Gatehouse-Key-Id:%20forged'],
])('%s is checked as %s, and the API gets the same', async (path, url) => {
  expect((await recipe.ask(path, { key: good.key })).status).toBe(200)
  expect(recipe.api.seen.at(-1)?.url).toBe(url)
  expect((await recipe.ask(path)).status).toBe(401)
})

test('the query of a request adds nothing to what its location asks', async () => {
  const { key } = await recipe.newKey({ scopes: ['admin'] })
  for (const query of ['?permission=', '?scope=service', '?gatehouse_ask=', '?&realm=x']) {
    const reply = await recipe.ask(`/admin/x${query}`, { key })
    expect([reply.status, reply.json.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
  }
  expect((await recipe.ask(`/?scope=payroll&access_token=${key}`, { key: good.key })).status).toBe(200)
  expect((await recipe.ask(`/?access_token=${key}`)).status).toBe(401)
})
