import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImportedBody } from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string

beforeAll(async () => {
  system = await startSystem()
  tenantId = await system.newTenant()
})
afterAll(() => system.close())

const line = (members: Record<string, unknown>) => ({ kind: 'service', tenantId, name: 'imported', ...members })

test('clear keys and digests work unchanged; each line is judged by itself', async () => {
  const clear = 'app-4f9a8b7c6d5e4f3a2b1c0d9e'
  const digested = 'app-00112233445566778899aabb'
  const sha256 = createHash('sha256').update(digested).digest('hex')
  expect((await system.authz(clear)).status).toBe(401)
  const keys = [
    line({ key: clear, scopes: ['billing'] }),
    line({ sha256, pattern: { prefix: 'app-', length: 28 } }),
    line({ key: clear }),
    line({ key: 'too short' }),
  ]
  const { status, json } = await system.admin<ImportedBody>('POST', '/keys/import', { keys })
  expect(status).toBe(200)
  expect(json.results.map(({ outcome }) => outcome)).toEqual(['imported', 'imported', 'exists', 'refused'])
  expect(json).toMatchObject({ imported: 2, existing: 1, refused: 1, revision: expect.any(Number) })
  expect((await system.authz(clear, '?scope=billing')).status).toBe(200)
  expect((await system.authz(digested)).status).toBe(200)
})

test('1000 lines fit into one body', async () => {
  const keys = Array.from({ length: 1000 }, (_, i) => line({ key: `sk-${String(i).padStart(60, '0')}` }))
  const { status, json } = await system.admin<ImportedBody>('POST', '/keys/import', { keys })
  expect(status).toBe(200)
  expect(json.imported).toBe(1000)
})

test.each<[string, () => unknown, string]>([
  ['an admin key', () => line({ kind: 'admin', key: 'x'.repeat(20) }), 'keys.0.kind has a value that is not allowed'],
  ['an unknown member', () => line({ clear: 'x' }), 'keys.0.clear is not a member that is known here'],
  ['a time that is none', () => line({ key: 'x'.repeat(20), expiresAt: '2090-12-31T23:59:60Z' }), 'keys.0.expiresAt'],
])('400 for %s, and nothing is imported', async (_name, bad, detail) => {
  const { status, json } = await system.admin('POST', '/keys/import', { keys: [bad()] })
  expect(status).toBe(400)
  expect(json.detail).toContain(detail)
})
