import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KeyBody, ListBody, ReceiptBody } from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string

beforeAll(async () => {
  system = await startSystem()
  tenantId = await system.newTenant()
})
afterAll(() => system.close())

test('the receipt names every node, and the time from which none accepts', async () => {
  const { id, key } = await system.newKey({ tenantId })
  await system.authz(key)
  const { status, json } = await system.admin<ReceiptBody>('POST', `/keys/${id}/revoke?wait=all&timeout=2s`)
  expect(status).toBe(200)
  expect(json.complete).toBe(true)
  expect(json.nodes).toEqual([{ id: system.runtime.node.id, confirmedAfterMs: expect.any(Number) }])
  expect(json.revision).toBeGreaterThan(0)
  const { lease } = await system.runtime.nodeState()
  const bound = Date.parse(json.refusedEverywhereBy) - Date.parse(json.committedAt)
  expect(bound).toBe(lease.leaseMs + lease.graceMs)
  expect((await system.authz(key)).json).toMatchObject({ status: 401, code: 'REVOKED' })
})

test('without wait it answers too, and a repeat changes nothing', async () => {
  const { id } = await system.newKey({ tenantId })
  const first = await system.admin<ReceiptBody>('POST', `/keys/${id}/revoke`)
  const second = await system.admin<ReceiptBody>('POST', `/keys/${id}/revoke?wait=none`)
  expect([first.status, second.status]).toEqual([200, 200])
  expect((await system.admin<KeyBody>('GET', `/keys/${id}`)).json.state).toBe('revoked')
})

test('both halves of a rotation end', async () => {
  const { id, key } = await system.newKey({ tenantId })
  const rotated = await system.admin<{ key: string }>('POST', `/keys/${id}/rotate`, { graceSeconds: 600 })
  await system.admin('POST', `/keys/${id}/revoke?wait=all`)
  for (const token of [key, rotated.json.key]) expect((await system.authz(token)).status).toBe(401)
})

test('DELETE revokes and hides', async () => {
  const { id, key } = await system.newKey({ tenantId, name: 'to be hidden' })
  const { status, json } = await system.admin<ReceiptBody>('DELETE', `/keys/${id}?wait=all`)
  expect(status).toBe(200)
  expect(json.complete).toBe(true)
  expect((await system.authz(key)).status).toBe(401)
  expect((await system.admin('GET', `/keys/${id}`)).status).toBe(404)
  const list = await system.admin<ListBody<KeyBody>>('GET', '/keys?q=to%20be%20hidden')
  expect(list.json.data).toEqual([])
})

test('a key that is not there is not found', async () => {
  expect((await system.admin('POST', '/keys/000000000000/revoke')).status).toBe(404)
  expect((await system.admin('DELETE', '/keys/000000000000')).status).toBe(404)
})

test.each(['timeout=2', 'timeout=-1s', 'timeout=16m', 'timeout=', 'timeout=1s&timeout=2s', 'wait=some', 'force=yes'])(
  '400 for ?%s, and the key lives',
  async (query) => {
    const { id, key } = await system.newKey({ tenantId })
    const reply = await system.admin('POST', `/keys/${id}/revoke?wait=all&${query}`.replace('wait=all&wait', 'wait'))
    expect(reply.status).toBe(400)
    expect((await system.authz(key)).status).toBe(200)
  },
)
