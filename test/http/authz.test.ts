import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatKey, parseKey, taggedPart } from '../../src/tokens/key-format.ts'
import { rawRequest, sendRaw } from './raw.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string
let good: { readonly id: string; readonly key: string }

beforeAll(async () => {
  system = await startSystem({ env: { GATEHOUSE_CREDENTIAL_HEADERS: 'x-api-key' } })
  tenantId = await system.newTenant()
  good = await system.newKey({ tenantId, scopes: ['billing', 'files'], permissions: ['files.*'] })
})
afterAll(() => system.close())

describe('200', () => {
  test('says in headers who calls, with an empty body, cold and cached alike', async () => {
    const { id, key } = await system.newKey({ tenantId, scopes: ['billing', 'files'] })
    const cold = await system.authz(key)
    const warm = await system.authz(key)
    for (const reply of [cold, warm]) {
      expect(reply.status).toBe(200)
      expect(reply.text).toBe('')
      expect(reply.headers).toMatchObject({
        'content-length': '0',
        'x-gatehouse-key-id': id,
        'x-gatehouse-tenant-id': tenantId,
        'x-gatehouse-subject': `key:${id}`,
        'x-gatehouse-scopes': 'billing files',
      })
      expect(reply.headers).not.toHaveProperty('x-gatehouse-app-id')
      expect(reply.headers).not.toHaveProperty('x-gatehouse-degraded')
    }
    expect(cold.headers['cache-status']).toBe('Gatehouse; fwd=miss; detail=L3')
    expect(warm.headers['cache-status']).toBe('Gatehouse; hit; detail=L1')
    expect(warm.headers['server-timing']).toMatch(/^check;dur=\d/)
  })

  test('names the app of a key that hangs on one', async () => {
    const app = await system.admin<{ id: string }>('POST', '/apps', { tenantId, name: 'desk', mode: 'chat' })
    const { key } = await system.newKey({ tenantId, kind: 'app', appId: app.json.id })
    const reply = await system.authz(key, '?scope=app')
    expect(reply.status).toBe(200)
    expect(reply.headers['x-gatehouse-app-id']).toBe(app.json.id)
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND'])('takes %s', async (method) => {
    const headers = { authorization: `Bearer ${good.key}` }
    const reply = await system.ask('/authz', { method, headers })
    expect(reply.status).toBe(200)
  })

  test.each(['bearer', 'BEARER', 'BeArEr', 'Bearer  '])('the scheme may be written %j', async (scheme) => {
    const reply = await system.ask('/authz', { headers: { authorization: `${scheme} ${good.key}` } })
    expect(reply.status).toBe(200)
  })

  test('a header of the settings may carry the key', async () => {
    const reply = await system.ask('/authz', { headers: { 'X-Api-Key': good.key } })
    expect(reply.status).toBe(200)
  })

  test('another scheme in Authorization is the business of the upstream', async () => {
    const headers = { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': good.key }
    expect((await system.ask('/authz', { headers })).status).toBe(200)
  })

  test('a scope and all permissions that the key has', async () => {
    const reply = await system.authz(good.key, '?scope=billing&permission=files.read&permission=files.write.own')
    expect(reply.status).toBe(200)
  })

  test('a body that nobody reads does not spoil the connection', async () => {
    const one = rawRequest('POST', '/authz', [`Authorization: Bearer ${good.key}`, 'Content-Length: 5'], 'hello')
    const bytes =
      one.replace('Connection: close\r\n', '') + rawRequest('GET', '/authz', [`Authorization: Bearer ${good.key}`])
    const { head, body } = await sendRaw(system.url, bytes)
    expect(`${head}${body}`.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  })
})

describe('400', () => {
  const token = 'gh_svc_0000000000000000000000000000000000000000000000000000000a'

  test.each([
    ['Authorization twice', [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
    ['Authorization twice, one of another scheme', ['Authorization: Basic YTpi', `Authorization: Bearer ${token}`]],
    ['two headers', [`Authorization: Bearer ${token}`, `X-Api-Key: ${token}`]],
    ['a configured header twice', [`X-Api-Key: ${token}`, `x-api-key: ${token}`]],
    ['two that a proxy has joined', [`Authorization: Bearer ${token}, Bearer ${token}`]],
  ])('%s', async (_name, lines) => {
    const { status, body, head } = await sendRaw(system.url, rawRequest('GET', '/authz', lines))
    expect(status).toBe(400)
    expect(head).toMatch(/content-type: application\/problem\+json/i)
    expect(JSON.parse(body)).toMatchObject({ code: 'request.two-credentials', fix: 'Send one key, in one header' })
  })

  test.each([
    ['a scope with a quote', '?scope=a%22b'],
    ['a scope with a line break', '?scope=a%0d%0aX-Evil:%201'],
    ['an empty scope', '?scope='],
    ['two scopes', '?scope=a&scope=b'],
    ['a permission with a space', '?permission=a%20b'],
    ['a permission that is too long', `?permission=${'a'.repeat(129)}`],
    ['too many permissions', `?${'permission=a&'.repeat(101)}`],
    ['a realm with a line break', '?realm=x%0d%0aSet-Cookie:%20a=b'],
    ['a realm with a quote', '?realm=a%22,%20error=%22x'],
    ['a realm beyond ASCII', '?realm=%E2%82%AC'],
  ])('%s', async (_name, query) => {
    const reply = await system.authz(good.key, query)
    expect(reply.status).toBe(400)
    expect(reply.json).toMatchObject({ status: 400, code: 'request.invalid' })
    expect(reply.headers).not.toHaveProperty('x-evil')
    expect(reply.headers).not.toHaveProperty('set-cookie')
  })
})

describe('401', () => {
  test('without a credential there is a challenge and no error', async () => {
    const reply = await system.ask('/authz?realm=My%20API')
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="My API"')
    expect(reply.json).toMatchObject({ status: 401, code: 'request.unauthenticated' })
    expect(reply.json).toMatchObject({ instance: reply.headers['x-request-id'] })
  })

  test('a key in the query is not read', async () => {
    const reply = await system.ask(`/authz?access_token=${good.key}&key=${good.key}&token=${good.key}`)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="gatehouse"')
  })

  test.each([
    ['nothing after the scheme', 'Bearer'],
    ['a tab after the scheme', 'Bearer\tgh_svc_0123456789'],
    ['a no-break space after the scheme', 'Bearer\u00a0gh_svc_0123456789'],
    ['a space within', 'Bearer abcdefghijklmnop qrstuvwxyz'],
    ['over 512 characters', `Bearer ${'a'.repeat(513)}`],
    ['beyond ASCII', 'Bearer gh_svc_\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9'],
    ['a wrong checksum', `Bearer gh_svc_${'0'.repeat(56)}`],
  ])('MALFORMED: %s', async (_name, authorization) => {
    const { status, head, body } = await sendRaw(
      system.url,
      rawRequest('GET', '/authz', [`Authorization: ${authorization}`]),
    )
    expect(status).toBe(401)
    expect(head).toMatch(/www-authenticate: bearer realm="gatehouse", error="invalid_token"/i)
    expect(JSON.parse(body)).toMatchObject({ code: 'MALFORMED' })
  })

  test.each([
    ['a forged tag', (key: string) => forged(key)],
    ['a token of no registered form', () => 'sk-live-4f9a8b7c6d5e4f3a2b1c'],
  ])('NOT_FOUND: %s', async (_name, of) => {
    const reply = await system.authz(of(good.key))
    expect(reply.status).toBe(401)
    expect(reply.json.code).toBe('NOT_FOUND')
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="gatehouse", error="invalid_token"')
  })

  test('DISABLED, and 200 again once it is enabled', async () => {
    const { id, key } = await system.newKey({ tenantId })
    await system.admin('PATCH', `/keys/${id}`, { state: 'disabled' })
    expect((await system.authz(key)).json).toMatchObject({ status: 401, code: 'DISABLED' })
    await system.admin('PATCH', `/keys/${id}`, { state: 'active' })
    expect((await system.authz(key)).status).toBe(200)
  })

  test('REVOKED, at once', async () => {
    const { id, key } = await system.newKey({ tenantId })
    expect((await system.authz(key)).status).toBe(200)
    await system.admin('POST', `/keys/${id}/revoke?wait=all`)
    const reply = await system.authz(key)
    expect(reply.status).toBe(401)
    expect(reply.json).toMatchObject({ code: 'REVOKED', title: 'The key is revoked', fix: 'Use another key' })
  })
})

describe('403', () => {
  test('FORBIDDEN names the scope that is missing', async () => {
    const reply = await system.authz(good.key, '?scope=payroll')
    expect(reply.status).toBe(403)
    expect(reply.json.code).toBe('FORBIDDEN')
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer realm="gatehouse", error="insufficient_scope", scope="payroll"',
    )
  })

  test('INSUFFICIENT_PERMISSIONS', async () => {
    const reply = await system.authz(good.key, '?permission=files.read&permission=users.delete')
    expect(reply.status).toBe(403)
    expect(reply.json.code).toBe('INSUFFICIENT_PERMISSIONS')
  })

  test('TENANT_SUSPENDED and APP_DISABLED', async () => {
    const other = await system.newTenant('other')
    const app = await system.admin<{ id: string }>('POST', '/apps', { tenantId: other, name: 'a', mode: 'chat' })
    const { key } = await system.newKey({ tenantId: other, kind: 'app', appId: app.json.id })
    await system.admin('PATCH', `/apps/${app.json.id}`, { state: 'disabled' })
    expect((await system.authz(key)).json).toMatchObject({ status: 403, code: 'APP_DISABLED' })
    await system.admin('PATCH', `/tenants/${other}`, { state: 'suspended' })
    expect((await system.authz(key)).json).toMatchObject({ status: 403, code: 'TENANT_SUSPENDED' })
  })
})

test('identity headers that a client sends are not believed and not sent back', async () => {
  const reply = await system.authz(good.key, '', {
    'X-Gatehouse-Key-Id': 'forged',
    'X-Gatehouse-App-Id': 'forged',
    'X-Gatehouse-Scopes': 'admin',
  })
  expect(reply.headers).toMatchObject({ 'x-gatehouse-key-id': good.id, 'x-gatehouse-scopes': 'billing files' })
  expect(JSON.stringify(reply.headers)).not.toContain('forged')
})

describe('request ids', () => {
  test('a good one is kept', async () => {
    const reply = await system.authz(good.key, '', { 'X-Request-Id': 'abc-123._X' })
    expect(reply.headers['x-request-id']).toBe('abc-123._X')
  })

  test.each(['a b', 'a'.repeat(129), 'a/b', '<script>'])('%j is replaced', async (sent) => {
    const reply = await system.authz(good.key, '', { 'X-Request-Id': sent })
    expect(reply.headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{1,128}$/)
    expect(reply.headers['x-request-id']).not.toBe(sent)
  })

  test('no two requests have the same', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => system.authz(good.key)))
    expect(new Set(replies.map(({ headers }) => headers['x-request-id'])).size).toBe(20)
  })
})

test('an accepted check writes no log line; a refused one only at debug, without the key', async () => {
  const before = system.logged.length
  await system.authz(good.key)
  expect(system.logged.length).toBe(before)
  await system.authz(good.key, '?scope=payroll')
  const [line] = system.logged.slice(before)
  expect(line).toMatchObject({ level: 20, code: 'FORBIDDEN', status: 403 })
  expect(JSON.stringify(system.logged)).not.toContain(good.key)
})

/** Another secret under the same id, with a checksum that fits: only the keyed tag tells it from a key. */
function forged(key: string): string {
  const parsed = parseKey(key)
  if (!parsed) throw new Error('This is no key')
  return formatKey(taggedPart(parsed.prefix, parsed.id, [...parsed.secret].reverse().join('')), parsed.tag)
}
