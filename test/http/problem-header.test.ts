import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from './system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

test.each([
  ['401', ''],
  ['400', '?scope=a&scope=b'],
])('%s: who prefers it gets the problem in a header, and no body', async (status, query) => {
  const usual = await system.ask(`/authz${query}`, { headers: { 'x-request-id': 'one' } })
  const moved = await system.ask(`/authz${query}`, { headers: { 'x-request-id': 'one', prefer: 'problem-header' } })
  expect([usual.status, moved.status]).toEqual([Number(status), Number(status)])
  expect([moved.text, moved.headers['content-length']]).toEqual(['', '0'])
  expect(moved.headers['x-gatehouse-problem']).toBe(usual.text)
  expect(moved.headers).not.toHaveProperty('content-type')
  for (const name of ['www-authenticate', 'x-request-id', 'cache-control']) {
    expect(moved.headers[name]).toBe(usual.headers[name])
  }
})

test('nobody else sees that header', async () => {
  const { key } = await system.newKey()
  const passed = await system.authz(key, '', { prefer: 'problem-header' })
  const refused = await system.ask('/authz', { headers: { prefer: 'return=minimal' } })
  for (const reply of [passed, refused]) expect(reply.headers).not.toHaveProperty('x-gatehouse-problem')
  expect(passed.status).toBe(200)
  expect(refused.json).toMatchObject({ code: 'request.unauthenticated' })
})
