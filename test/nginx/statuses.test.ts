import { afterAll, beforeAll, expect, test } from 'vitest'
import { valuesOf } from './api.ts'
import { type Recipe, startRecipe } from './recipe.ts'
import { type Reply, send } from './send.ts'

let recipe: Recipe
let good: { readonly id: string; readonly key: string }

beforeAll(async () => {
  recipe = await startRecipe({ env: { GATEHOUSE_CREDENTIAL_HEADERS: 'x-api-key' } })
  good = await recipe.newKey({ scopes: ['files'] })
})
afterAll(() => recipe.stop())

/** The answer of nginx is the answer of `/authz` itself, but for the id of the request. */
async function expectAsFromAuthz(viaNginx: Reply, headers: readonly string[], query = ''): Promise<void> {
  const direct = await send(recipe.gatehouse.port, `/authz${query}`, { headers })
  expect(viaNginx.status).toBe(direct.status)
  const { instance, ...said } = viaNginx.json
  const { instance: _, ...saidDirectly } = direct.json
  expect(said).toEqual(saidDirectly)
  expect(said).toMatchObject({ status: direct.status })
  expect(viaNginx.headers['x-request-id']).toBe(instance)
  for (const name of ['content-type', 'www-authenticate', 'retry-after', 'cache-control']) {
    expect([name, viaNginx.headers[name]]).toEqual([name, direct.headers[name]])
    expect(viaNginx.times(name)).toBe(direct.times(name))
  }
  expect(viaNginx.headers).not.toHaveProperty('x-gatehouse-problem')
}

const bearer = (key: string) => ['Authorization', `Bearer ${key}`]

test('200: the API hears who calls, and never sees the key', async () => {
  const app = await recipe.admin('POST', '/apps', { tenantId: recipe.tenantId, name: 'desk', mode: 'chat' })
  const { id, key } = await recipe.newKey({ kind: 'app', appId: app.id, scopes: ['files', 'mail'] })
  const reply = await recipe.ask('/a/b?c=d&e=%2F', { key })
  expect(reply.status).toBe(200)
  expect(reply.headers['x-api']).toBe('yes')
  const seen = recipe.api.seen.at(-1)
  expect(seen).toMatchObject({ method: 'GET', url: '/a/b?c=d&e=%2F' })
  const value = (name: string) => valuesOf(seen?.headers ?? [], name)
  expect(value('X-Gatehouse-Key-Id')).toEqual([id])
  expect(value('X-Gatehouse-Tenant-Id')).toEqual([recipe.tenantId])
  expect(value('X-Gatehouse-App-Id')).toEqual([app.id])
  expect(value('X-Gatehouse-Subject')).toEqual([`key:${id}`])
  expect(value('X-Gatehouse-Scopes')).toEqual(['files mail'])
  expect(value('X-Gatehouse-Degraded')).toEqual([])
  expect(value('Authorization')).toEqual([])
  expect(value('Host')).toEqual(['api.example.com'])
  expect(value('X-Forwarded-For')).toEqual(['127.0.0.1'])
  expect(JSON.stringify(seen)).not.toContain(key)
})

test('200: what the API answers passes through, its own refusals and failures too', async () => {
  for (const status of [201, 400, 401, 403, 404, 429, 500, 503]) {
    const reply = await recipe.ask(`/status/${status}`, { key: good.key })
    expect(reply.status).toBe(status)
    expect(reply.headers['x-api']).toBe('yes')
  }
})

test('200: a key with a hundred long scopes fits', async () => {
  const scopes = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(128, 's'))
  const { key } = await recipe.newKey({ scopes })
  expect((await recipe.ask('/', { key })).status).toBe(200)
  expect(valuesOf(recipe.api.seen.at(-1)?.headers ?? [], 'X-Gatehouse-Scopes')).toEqual([scopes.join(' ')])
})

test.each([
  ['in two headers', () => [...bearer(good.key), 'X-Api-Key', good.key]],
  ['in one header', () => ['Authorization', `Bearer ${good.key}, Bearer ${good.key}`]],
  ['in a header that came twice', () => ['X-Api-Key', good.key, 'X-Api-Key', good.key]],
])('400: two credentials %s', async (_, headers) => {
  const reply = await recipe.ask('/', { headers: headers() })
  expect([reply.status, reply.json.code]).toEqual([400, 'request.two-credentials'])
  await expectAsFromAuthz(reply, headers())
})

test('400: two Authorization headers, which nginx itself refuses', async () => {
  const before = recipe.api.seen.length
  const reply = await recipe.ask('/', { headers: [...bearer(good.key), ...bearer(good.key)] })
  expect([reply.status, reply.json.code, reply.json.status]).toEqual([400, 'request.malformed', 400])
  expect(reply.headers['content-type']).toBe('application/problem+json')
  expect(recipe.api.seen).toHaveLength(before)
})

/** One character of the checksum is another. */
const damaged = (key: string) => key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a')

test.each([
  ['no key', () => [], 'request.unauthenticated', 'Bearer realm="gatehouse"'],
  ['a damaged one', () => bearer(damaged(good.key)), 'MALFORMED', 'Bearer realm="gatehouse", error="invalid_token"'],
  ['an unknown one', () => bearer('x'.repeat(40)), 'NOT_FOUND', 'Bearer realm="gatehouse", error="invalid_token"'],
  ['one of another scheme', () => ['Authorization', 'Basic eDp5'], 'request.unauthenticated', undefined],
])('401: %s', async (_, headers, code, challenge) => {
  for (const path of ['/', '/page.html', '/x.json']) {
    const reply = await recipe.ask(path, { headers: headers() })
    expect([reply.status, reply.json.code]).toEqual([401, code])
    if (challenge) expect(reply.headers['www-authenticate']).toBe(challenge)
    await expectAsFromAuthz(reply, headers())
  }
})

test('401: a key is refused through nginx in the first request after its receipt', async () => {
  const { id, key } = await recipe.newKey()
  for (let i = 0; i < 5; i++) expect((await recipe.ask('/', { key })).status).toBe(200)
  const receipt = await recipe.admin('POST', `/keys/${id}/revoke?wait=all`)
  expect(receipt.complete).toBe(true)
  const reply = await recipe.ask('/', { key })
  expect([reply.status, reply.json.code]).toEqual([401, 'REVOKED'])
  await expectAsFromAuthz(reply, bearer(key))
})

test('403: a location asks for its scope and permission, and names its realm', async () => {
  const query = '?scope=admin&permission=users.write&realm=admin'
  const before = recipe.api.seen.length
  const wrongScope = await recipe.ask('/admin/users', { key: good.key })
  expect([wrongScope.status, wrongScope.json.code]).toEqual([403, 'FORBIDDEN'])
  expect(wrongScope.headers['www-authenticate']).toBe('Bearer realm="admin", error="insufficient_scope", scope="admin"')
  await expectAsFromAuthz(wrongScope, bearer(good.key), query)

  const { key: powerless } = await recipe.newKey({ scopes: ['admin'] })
  const reply = await recipe.ask('/admin/users', { key: powerless })
  expect([reply.status, reply.json.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
  await expectAsFromAuthz(reply, bearer(powerless), query)
  expect(recipe.api.seen).toHaveLength(before)

  const { key } = await recipe.newKey({ scopes: ['admin'], permissions: ['users.*'] })
  expect((await recipe.ask('/admin/users', { key })).status).toBe(200)
  expect(recipe.api.seen.at(-1)?.url).toBe('/admin/users')
})

test('403: keys of a suspended tenant', async () => {
  const { id: tenantId } = await recipe.admin('POST', '/tenants', { name: 'late payer' })
  const { key } = await recipe.newKey({ tenantId })
  expect((await recipe.ask('/', { key })).status).toBe(200)
  await recipe.admin('PATCH', `/tenants/${tenantId}`, { state: 'suspended' })
  const reply = await recipe.ask('/', { key })
  expect([reply.status, reply.json.code]).toEqual([403, 'TENANT_SUSPENDED'])
  await expectAsFromAuthz(reply, bearer(key))
})

test('429: more look-ups of foreign keys than an address may ask for; a forged address brings no more', async () => {
  const foreign = (index: number) => `app-${String(index).padStart(6, '0')}AbCdEfGhIjKlMnOpQr`
  const imported = { kind: 'service', tenantId: recipe.tenantId, name: 'imported', key: foreign(0) }
  await recipe.admin('POST', '/keys/import', { keys: [imported] })
  expect((await recipe.ask('/', { key: foreign(0) })).status).toBe(200)

  const replies: Reply[] = []
  for (let index = 1; index <= 250; index += 50) {
    const flood = Array.from({ length: 50 }, (_, more) =>
      recipe.ask('/', { key: foreign(index + more), headers: ['X-Forwarded-For', `203.0.113.${more}`] }),
    )
    replies.push(...(await Promise.all(flood)))
  }
  expect([...new Set(replies.map(({ status }) => status))].toSorted()).toEqual([401, 429])
  const limited = replies.find(({ status }) => status === 429)
  expect(limited?.json).toMatchObject({ status: 429, code: 'RATE_LIMITED', type: 'urn:gatehouse:problem:RATE_LIMITED' })
  expect(limited?.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/problem+json' })
  expect(limited?.headers).not.toHaveProperty('www-authenticate')
  // Keys that this Gatehouse knows are not in that queue.
  expect((await recipe.ask('/', { key: foreign(0) })).status).toBe(200)
  expect((await recipe.ask('/', { key: good.key })).status).toBe(200)
})

test('431: more headers than Gatehouse reads are no outage', async () => {
  const headers = Array.from({ length: 5 }, (_, index) => [`X-Long-${index}`, 'x'.repeat(3_500)]).flat()
  const reply = await recipe.ask('/', { key: good.key, headers })
  expect([reply.status, reply.json.code]).toEqual([431, 'request.too-large'])
  expect(reply.headers).not.toHaveProperty('retry-after')
  const cookies = await recipe.ask('/status/204', { key: good.key, headers: ['Cookie', 'c'.repeat(7_000)] })
  expect(cookies.status).toBe(204)
})
