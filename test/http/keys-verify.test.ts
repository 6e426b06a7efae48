import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportedBody, VerdictBody, VerdictsBody } from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string
let good: { readonly id: string; readonly key: string }

beforeAll(async () => {
  system = await startSystem()
  tenantId = await system.newTenant()
  good = await system.newKey({ tenantId, scopes: ['billing'], permissions: ['files.*'], environment: 'live' })
})
afterAll(() => system.close())

const verify = (body: unknown, key?: string) => system.admin<VerdictBody>('POST', '/keys/verify', body, key)

test('a good key: 200, VALID, and what it rests on', async () => {
  const { status, json, text } = await verify({ key: good.key, scope: 'billing', permissions: ['files.read'] })
  expect(status).toBe(200)
  expect(json).toMatchObject({
    valid: true,
    code: 'VALID',
    keyId: good.id,
    kind: 'service',
    tenantId,
    appId: null,
    subject: `key:${good.id}`,
    scopes: ['billing'],
    permissions: ['files.*'],
    environment: 'live',
    expiresAt: null,
    degraded: false,
  })
  expect(json.version).toBeGreaterThan(0)
  expect(text).not.toContain(good.key)
})

test('a refusal is 200 too, and names the key only when it is one', async () => {
  expect((await verify({ key: good.key, scope: 'payroll' })).json).toMatchObject({
    valid: false,
    code: 'FORBIDDEN',
    keyId: good.id,
  })
  expect((await verify({ key: `gh_svc_${'0'.repeat(56)}` })).json).toMatchObject({
    valid: false,
    code: 'MALFORMED',
    keyId: null,
    tier: 'none',
  })
  expect((await verify({ key: '' })).json.code).toBe('MALFORMED')
  expect((await verify({ key: 'x'.repeat(600) })).json.code).toBe('MALFORMED')
  expect((await verify({ key: 'with space in the middle' })).json.code).toBe('MALFORMED')
})

test('the address that is named is the one that counts', async () => {
  const { key } = await system.newKey({ tenantId, allowedCidrs: ['203.0.113.0/24', '2001:db8::/32'] })
  expect((await verify({ key, ip: '203.0.113.9' })).json.code).toBe('VALID')
  expect((await verify({ key, ip: '::ffff:203.0.113.9' })).json.code).toBe('VALID')
  expect((await verify({ key, ip: '2001:db8::1' })).json.code).toBe('VALID')
  expect((await verify({ key, ip: '198.51.100.1' })).json.code).toBe('IP_NOT_ALLOWED')
  expect((await verify({ key })).json.code).toBe('IP_NOT_ALLOWED')
})

test('to the admin of one tenant the keys of another do not exist', async () => {
  const admin = await system.newKey({ tenantId: await system.newTenant('other'), kind: 'admin' })
  const { json } = await verify({ key: good.key }, admin.key)
  expect(json).toMatchObject({ valid: false, code: 'NOT_FOUND', keyId: null, tenantId: null })
})

test('nor can they be told from keys that nobody has, wherever the answer comes from', async () => {
  const admin = await system.newKey({ tenantId: await system.newTenant('curious'), kind: 'admin' })
  const [held, revoked, nobodys] = ['1', '2', '3'].map((last) => `app-4f9a8b7c6d5e4f3a2b1c0d9${last}`)
  const keys = [held, revoked].map((key) => ({ kind: 'service', tenantId, name: 'imported', key }))
  const imported = await system.admin<ImportedBody>('POST', '/keys/import', { keys })
  const [, second] = imported.json.results
  await system.admin('POST', `/keys/${second?.outcome === 'imported' ? second.keyId : ''}/revoke`)
  // Once from storage, once from what this process has learnt by then.
  for (let times = 0; times < 2; times++) {
    const told = await Promise.all([held, revoked, nobodys].map((key) => verify({ key }, admin.key)))
    const [first, ...others] = told.map(({ status, json }) => ({ status, json }))
    expect(first?.json).toMatchObject({ code: 'NOT_FOUND', tier: 'none', version: 0, ageMs: 0 })
    for (const other of others) expect(other).toEqual(first)
  }
  expect((await verify({ key: held })).json).toMatchObject({ code: 'VALID', tenantId })
})

describe('a batch', () => {
  test('of 1000 is answered in its order', async () => {
    const checks = Array.from({ length: 1000 }, (_, i) => ({
      key: i % 2 === 0 ? good.key : `gh_svc_${'0'.repeat(56)}`,
    }))
    const { status, json } = await system.admin<VerdictsBody>('POST', '/keys/verify', { checks })
    expect(status).toBe(200)
    expect(json.results.map(({ code }) => code)).toEqual(checks.map((_, i) => (i % 2 === 0 ? 'VALID' : 'MALFORMED')))
  })

  test.each([
    ['none', [], 'checks has too few entries'],
    ['1001', Array.from({ length: 1001 }, () => ({ key: 'a' })), 'checks has too many entries'],
    ['a bad address', [{ key: 'a' }, { key: 'a', ip: 'localhost' }], 'checks.1.ip is not an address'],
    ['an unknown member', [{ key: 'a', scopes: [] }], 'checks.0.scopes is not a member that is known here'],
    ['no key', [{ scope: 'a' }], 'checks.0.key is missing'],
  ])('400 for %s', async (_name, checks, detail) => {
    const { status, json } = await system.admin('POST', '/keys/verify', { checks })
    expect(status).toBe(400)
    expect(json.detail).toBe(detail)
  })
})

test.each([
  ['no key', {}, 'key is missing'],
  ['a key that is no text', { key: 1 }, 'key is of the wrong type'],
  ['a list', [], 'The body is of the wrong type'],
  ['both forms', { key: 'a', checks: [{ key: 'a' }] }, 'key is not a member that is known here'],
  ['a bad address', { key: 'a', ip: '1.2.3' }, 'ip is not an address'],
])('400 for %s', async (_name, body, detail) => {
  const { status, json } = await system.admin('POST', '/keys/verify', body)
  expect(status).toBe(400)
  expect(json.detail).toBe(detail)
})
