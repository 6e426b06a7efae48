import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemBody } from '../../src/http/contract.ts'
import { rawRequest, sendRaw } from './raw.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string

beforeAll(async () => {
  system = await startSystem()
  tenantId = await system.newTenant()
})
afterAll(() => system.close())

const key = (members: Record<string, unknown>) => ({ kind: 'service', tenantId, name: 'bad', ...members })

/** A refusal that helps and tells nothing. */
function expectProblem(problem: ProblemBody, status: number): void {
  expect(problem).toMatchObject({
    status,
    type: expect.stringMatching(/^urn:gatehouse:problem:/),
    title: expect.any(String),
  })
  expect(problem.detail).toBeTruthy()
  expect(problem.fix).toBeTruthy()
  expect(problem.instance).toMatch(/^[A-Za-z0-9._-]{1,128}$/)
  expect(JSON.stringify(problem)).not.toMatch(/node_modules|at \w+ \(|SELECT|SQLITE|\.ts|FST_/i)
}

describe('members', () => {
  test.each<[string, () => unknown, string]>([
    ['an unknown member', () => key({ expiresInSecond: 5 }), 'expiresInSecond is not a member that is known here'],
    ['a kind that is none', () => key({ kind: 'root' }), 'kind has a value that is not allowed'],
    ['no name', () => ({ kind: 'service', tenantId }), 'name is missing'],
    ['a number for a name', () => key({ name: 5 }), 'name is of the wrong type'],
    ['an empty name', () => key({ name: ' ' }), 'name is empty or too long'],
    ['a name that is too long', () => key({ name: 'n'.repeat(201) }), 'name is empty or too long'],
    ['a line break in a name', () => key({ name: 'a\r\nX-Evil: 1' }), 'name holds control characters'],
    ['a bad block', () => key({ allowedCidrs: ['10.0.0.0/33'] }), '10.0.0.0/33'],
    ['bits after the prefix', () => key({ allowedCidrs: ['10.0.0.1/8'] }), 'bits set after its prefix'],
    ['a block that is no text', () => key({ allowedCidrs: [5] }), 'allowedCidrs.0 is of the wrong type'],
    ['a time in the past', () => key({ expiresAt: '2001-01-01T00:00:00Z' }), 'past'],
    ['a time that is none', () => key({ expiresAt: 'tomorrow' }), 'expiresAt'],
    ['a day that is none', () => key({ expiresAt: '2090-02-30T00:00:00Z' }), 'expiresAt'],
    ['a leap second', () => key({ expiresAt: '2090-12-31T23:59:60Z' }), 'expiresAt is not a time'],
    ['no time at all', () => key({ expiresInSeconds: 0 }), 'expiresInSeconds is too small'],
    ['a time beyond every calendar', () => key({ expiresInSeconds: 1e15 }), 'expires'],
    ['two times', () => key({ expiresInSeconds: 5, expiresAt: '2090-01-01T00:00:00Z' }), 'expires'],
    ['a scope with a space', () => key({ scopes: ['a b'] }), 'scopes'],
    ['a scope with a quote', () => key({ scopes: ['a"b'] }), 'scopes'],
    ['a scope twice', () => key({ scopes: ['a', 'a'] }), 'scopes'],
    ['too many scopes', () => key({ scopes: Array.from({ length: 101 }, (_, i) => `s${i}`) }), 'scopes'],
    ['a text for a list', () => key({ scopes: 'billing' }), 'scopes is of the wrong type'],
    ['metadata that is a list', () => key({ metadata: [] }), 'metadata is of the wrong type'],
    ['metadata that is too large', () => key({ metadata: { a: 'x'.repeat(17_000) } }), 'metadata is too large'],
    ['a weak idempotency key', () => key({ idempotencyKey: 'short' }), 'idempotency'],
    ['a list', () => [], 'The body is of the wrong type'],
    ['null', () => null, 'The body is of the wrong type'],
  ])('400 for %s', async (_name, body, detail) => {
    const { status, json } = await system.admin<ProblemBody>('POST', '/keys', body())
    expect(status).toBe(400)
    expectProblem(json, 400)
    expect(json.detail.toLowerCase()).toContain(detail.toLowerCase())
  })

  test('a tenant that is not there', async () => {
    const { status, json } = await system.admin<ProblemBody>('POST', '/keys', key({ tenantId: 'ten_nowhere' }))
    expect([400, 404]).toContain(status)
    expectProblem(json, status)
  })

  test('an empty patch says that it changes nothing', async () => {
    const { id } = await system.newKey({ tenantId })
    const { status, json } = await system.admin<ProblemBody>('PATCH', `/keys/${id}`, {})
    expect(status).toBe(400)
    expect(json.detail).toBe('The body changes nothing')
  })

  test('what was sent is not repeated: it may be a key', async () => {
    const secret = 'gh_svc_super_secret_value_0123456789'
    const { status, text } = await system.admin('POST', '/keys', key({ kind: secret, name: secret }))
    expect(status).toBe(400)
    expect(text).not.toContain(secret)
  })

  test('duplicate key prefixes of tenants are a conflict', async () => {
    const one = await system.admin('POST', '/tenants', { name: 'one', keyPrefix: 'twin' })
    const two = await system.admin<ProblemBody>('POST', '/tenants', { name: 'two', keyPrefix: 'twin' })
    expect([one.status, two.status]).not.toContain(500)
    if (two.status !== 201) expectProblem(two.json, two.status)
  })
})

describe('bodies', () => {
  const send = (raw: string | Buffer, headers: Record<string, string> = {}) =>
    system.ask<ProblemBody>('/api/v1/keys', {
      method: 'POST',
      raw,
      headers: { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/json', ...headers },
    })
  const named = (name: string) => `{"kind":"service","tenantId":"${tenantId}","name":"a",${name}}`

  test.each<[string, () => string | Buffer]>([
    ['no JSON', () => '{"kind": service}'],
    ['half a body', () => '{"kind":"service"'],
    ['nothing', () => ''],
    ['invalid UTF-8', () => Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])],
    ['overlong UTF-8', () => Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])],
    ['half a surrogate pair', () => '{"kind":"service","name":"\\ud800"}'],
    ['U+0000', () => '{"kind":"service","name":"a\\u0000b"}'],
    ['__proto__', () => named('"metadata":{"__proto__":{"admin":true}}')],
    ['__proto__ at the top', () => named('"__proto__":{"admin":true}')],
    ['constructor.prototype', () => named('"metadata":{"constructor":{"prototype":{"admin":true}}}')],
    ['deep lists', () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['deep metadata', () => named(`"metadata":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)],
  ])('400 for %s', async (_name, body) => {
    const { status, json } = await send(body())
    expect(status).toBe(400)
    expectProblem(json, 400)
    expect(Object.prototype).not.toHaveProperty('admin')
  })

  test('413 above 1 MiB, also where the length is not told', async () => {
    const { status, json } = await send(`{"name":"${'x'.repeat(1024 * 1024)}"}`)
    expect(status).toBe(413)
    expectProblem(json, 413)
    const head = [
      'Transfer-Encoding: chunked',
      `Authorization: Bearer ${system.adminKey}`,
      'Content-Type: application/json',
    ]
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const reply = await sendRaw(system.url, rawRequest('POST', '/api/v1/keys', head, `${chunk.repeat(17)}0\r\n\r\n`))
    expect(reply.status).toBe(413)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonp', 'nonsense'])(
    '415 for %s',
    async (type) => {
      const { status, json } = await send('{}', { 'content-type': type })
      expect(status).toBe(415)
      expectProblem(json, 415)
    },
  )

  test.each([
    ['; charset=latin1', 415],
    ['; CHARSET="utf-16"', 415],
    ['; charset=utf-8; charset=utf-16', 415],
    ['; charset=', 415],
    ['; charset=UTF-8', 400],
    [';charset="utf-8"', 400],
    ['; profile=a', 400],
  ])('application/json%s is read as UTF-8 or not at all: %i', async (parameters, expected) => {
    const { status, json } = await send('{}', { 'content-type': `application/json${parameters}` })
    expect(status).toBe(expected)
    expectProblem(json, expected)
  })
})

describe('addresses', () => {
  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/api/v1/nothing', 404],
    ['GET', '/api/v1/keys/000000000000', 404],
    ['GET', `/api/v1/keys/${'k'.repeat(65)}`, 400],
    ['GET', `/api/v1/keys/${'k'.repeat(5000)}`, 404],
    ['GET', '/api/v1/keys/%00', 400],
    ['GET', '/api/v1/keys/%ff', 400],
    ['GET', '/api/v1/keys/%zz', 400],
    ['GET', "/api/v1/keys/'%20OR%201=1--", 404],
    ['GET', "/api/v1/keys?q='%20OR%201=1--%20", 200],
    ['GET', '/api/v1/keys?q=%25_%5C', 200],
    ['GET', '/api/v1/keys?cursor=eyJhIjoxfQ', 400],
    ['GET', `/api/v1/keys?cursor=${Buffer.from('[1e999,"x"]').toString('base64url')}`, 400],
    ['GET', '/..%2f..%2fetc%2fpasswd', 404],
    ['PUT', '/api/v1/keys', 405],
    ['DELETE', '/healthz', 405],
    ['POST', '/metrics', 405],
    ['TRACE', '/healthz', 405],
    ['PROPFIND', '/api/v1/keys', 405],
  ])('%s %s is %i', async (method, path, expected) => {
    const reply = await system.ask<ProblemBody>(path, {
      method,
      headers: { authorization: `Bearer ${system.adminKey}` },
    })
    expect(reply.status).toBe(expected)
    if (expected >= 400) expectProblem(reply.json, expected)
    if (expected === 405) expect(reply.headers.allow).toMatch(/[A-Z]/)
  })

  test('a search takes the signs of SQL literally', async () => {
    await system.newKey({ tenantId, name: '100%_sure' })
    const all = await system.admin<{ data: { name: string }[] }>('GET', '/keys?q=%25')
    expect(all.json.data.map(({ name }) => name)).toEqual(['100%_sure'])
  })
})

describe('what is no HTTP', () => {
  test.each<[string, string, number]>([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['no Host', 'GET /authz HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET /authz HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400],
    ['the same Host twice, to the router', 'GET /docs HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['two Hosts in HTTP/1.0', 'GET /authz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['an expectation that is none', rawRequest('POST', '/authz', ['Expect: foo', 'Content-Length: 0']), 417],
    ['a header without a name', rawRequest('GET', '/authz', [': x']), 400],
    ['a line break in a header', rawRequest('GET', '/authz', ['X-A: a\rb']), 400],
    ['two lengths', rawRequest('POST', '/authz', ['Content-Length: 1', 'Content-Length: 2'], 'ab'), 400],
    [
      'a length and chunks',
      rawRequest('POST', '/authz', ['Content-Length: 1', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      400,
    ],
    ['a length that is none', rawRequest('POST', '/authz', ['Content-Length: -1']), 400],
    ['headers over 16 KiB', rawRequest('GET', '/authz', [`X-A: ${'a'.repeat(17_000)}`]), 431],
    ['a key over 16 KiB', rawRequest('GET', '/authz', [`Authorization: Bearer ${'a'.repeat(17_000)}`]), 431],
  ])('%s', async (_name, bytes, expected) => {
    const reply = await sendRaw(system.url, bytes)
    expect(reply.status).toBe(expected)
    expectProblem(JSON.parse(reply.body), expected)
  })

  test('HTTP/1.0 needs no Host', async () => {
    expect((await sendRaw(system.url, 'GET /healthz HTTP/1.0\r\n\r\n')).status).toBe(200)
  })
})

test('after all that the server answers, and has logged no failure', async () => {
  const { key: token } = await system.newKey({ tenantId })
  expect((await system.authz(token)).status).toBe(200)
  expect(system.logged.filter(({ level }) => Number(level) >= 50)).toEqual([])
})
