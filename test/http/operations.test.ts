import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReadyBody } from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

test('/healthz', async () => {
  const reply = await system.ask('/healthz')
  expect([reply.status, reply.json]).toEqual([200, { status: 'ok' }])
  expect((await system.ask('/healthz', { method: 'HEAD' })).status).toBe(200)
})

test('/readyz tells the state of each tier, and nothing secret', async () => {
  const reply = await system.ask<ReadyBody>('/readyz')
  expect(reply.status).toBe(200)
  expect(reply.json).toMatchObject({
    ready: true,
    draining: false,
    lease: { live: true },
    tiers: { sql: { kind: 'sqlite', up: true }, shared: { kind: 'in-process', up: true } },
  })
})

describe('/metrics', () => {
  test('needs an admin key over all tenants', async () => {
    expect((await system.ask('/metrics')).status).toBe(401)
    const { key } = await system.newKey({ kind: 'admin' })
    expect((await system.ask('/metrics', { headers: { authorization: `Bearer ${key}` } })).status).toBe(403)
    const reply = await system.ask('/metrics', { headers: { authorization: `Bearer ${system.adminKey}` } })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4')
  })

  test('answers loopback by setting, unless somebody forwards for others', async () => {
    const open = await startSystem({ http: { openMetricsToLoopback: true } })
    expect((await open.ask('/metrics')).status).toBe(200)
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']) {
      expect((await open.ask('/metrics', { headers: { [header]: '127.0.0.1' } })).status).toBe(401)
    }
    await open.close()
  })
})

describe('the page at /', () => {
  test('shows this node, and the others to loopback or with an admin key only', async () => {
    const near = await system.ask('/')
    expect(near.status).toBe(200)
    expect(near.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(near.text).toContain('This node checks keys.')
    expect(near.text).toContain('<h2>Nodes</h2>')
    const far = { 'x-forwarded-for': '198.51.100.1' }
    expect((await system.ask('/', { headers: far })).text).not.toContain('<h2>Nodes</h2>')
    const admin = { ...far, authorization: `Bearer ${system.adminKey}` }
    expect((await system.ask('/', { headers: admin })).text).toContain('<h2>Nodes</h2>')
  })

  test.each(['/', '/docs'])('%s needs nothing from elsewhere and runs nothing', async (path) => {
    const { headers, text } = await system.ask(path)
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+';/)
    expect(policy).not.toMatch(/https?:|unsafe/)
    expect(text).not.toMatch(/<script|src=|https?:\/\/|@import|url\(/)
  })
})

describe('logs', () => {
  test('each change has one line, joined by its request id, without key or body', async () => {
    const before = system.logged.length
    await system.ask('/api/v1/tenants?note=gh_svc_in_the_address', {
      method: 'POST',
      body: { name: 'logged' },
      headers: { authorization: `Bearer ${system.adminKey}`, 'x-request-id': 'join-me' },
    })
    const lines = system.logged.slice(before).filter(({ level }) => Number(level) >= 30)
    expect(lines).toMatchObject([{ requestId: 'join-me', method: 'POST', route: '/api/v1/tenants' }])
    expect(JSON.stringify(system.logged)).not.toContain(system.adminKey)
    expect(JSON.stringify(system.logged)).not.toContain('gh_svc_in_the_address')
  })

  test('traceparent passes through if it is one', async () => {
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect((await system.ask('/docs', { headers: { traceparent: good } })).headers.traceparent).toBe(good)
    expect((await system.ask('/docs', { headers: { traceparent: 'nonsense' } })).headers).not.toHaveProperty(
      'traceparent',
    )
  })
})
