import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClientAddress } from '../../src/gateway/client-address.ts'
import { type System, startSystem } from './system.ts'

describe('behind trusted proxies', () => {
  let system: System
  let key: string

  beforeAll(async () => {
    system = await startSystem({ env: { GATEHOUSE_TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' } })
    key = (await system.newKey({ allowedCidrs: ['203.0.113.0/24'] })).key
  })
  afterAll(() => system.close())

  test.each<[string, Record<string, string>, number]>([
    ['the client', { 'x-forwarded-for': '203.0.113.9' }, 200],
    ['the client behind two proxies', { 'x-forwarded-for': '203.0.113.9, 10.1.1.1' }, 200],
    ['what a client wrote in front of itself', { 'x-forwarded-for': '203.0.113.9, 198.51.100.1' }, 403],
    ['the same with a proxy behind', { 'x-forwarded-for': '203.0.113.9, 198.51.100.1, 10.1.1.1' }, 403],
    ['a port behind the address', { 'x-forwarded-for': '203.0.113.9:4711' }, 200],
    ['an IPv4 address within IPv6', { 'x-forwarded-for': '::ffff:203.0.113.9' }, 200],
    ['no address at all', { 'x-forwarded-for': 'unknown' }, 403],
    ['an empty hop at the end', { 'x-forwarded-for': '203.0.113.9,' }, 403],
    ['X-Real-IP where there is no list', { 'x-real-ip': '203.0.113.9' }, 200],
    ['the list before X-Real-IP', { 'x-forwarded-for': '198.51.100.1', 'x-real-ip': '203.0.113.9' }, 403],
    ['nothing: the proxy itself', {}, 403],
  ])('%s', async (_name, headers, status) => {
    const reply = await system.authz(key, '', headers)
    expect(reply.status).toBe(status)
    if (status === 403) expect(reply.json.code).toBe('IP_NOT_ALLOWED')
  })

  test('the audit says where a change came from', async () => {
    await system.ask('/api/v1/tenants', {
      method: 'POST',
      body: { name: 'from afar' },
      headers: {
        authorization: `Bearer ${system.adminKey}`,
        'x-forwarded-for': '192.0.2.7',
        'x-request-id': 'my-id-1',
      },
    })
    const { json } = await system.admin<{ data: { actor: unknown }[] }>('GET', '/audit?limit=1')
    expect(json.data[0]?.actor).toMatchObject({ ip: '192.0.2.7', requestId: 'my-id-1' })
  })
})

test('headers of a peer that is not trusted are not read', async () => {
  const system = await startSystem({ env: { GATEHOUSE_TRUSTED_PROXIES: '192.0.2.0/24' } })
  const { key } = await system.newKey({ allowedCidrs: ['203.0.113.0/24'] })
  const forged = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9' }
  expect((await system.authz(key, '', forged)).json.code).toBe('IP_NOT_ALLOWED')
  await system.close()
})

test('a list of proxies that is none is refused, and says which', () => {
  expect(() => createClientAddress(['10.0.0.0/8', '10.0.0.0/40'])).toThrow('10.0.0.0/40')
})

test('all hops trusted: the left-most is the client', () => {
  const addresses = createClientAddress(['10.0.0.0/8'])
  const of = (forwardedFor: string) => addresses.of('10.0.0.1', { forwardedFor, realIp: undefined })
  expect(of('10.0.0.9, 10.0.0.2')).toBe('10.0.0.9')
  expect(of('')).toBeUndefined()
  expect(of('[2001:db8::1]:443, 10.0.0.2')).toBe('2001:db8::1')
})
