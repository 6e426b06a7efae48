import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  AppBody,
  AuditBody,
  ChangeBody,
  ListBody,
  NodeBody,
  NodeState,
  TenantBody,
} from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.close())

describe('tenants', () => {
  test('are made, changed, listed and deleted', async () => {
    const made = await system.admin<TenantBody>('POST', '/tenants', { name: 'Acme', keyPrefix: 'acme_co' })
    expect(made.status).toBe(201)
    expect(made.headers.location).toBe(`/api/v1/tenants/${made.json.id}`)
    expect(made.json).toMatchObject({ name: 'Acme', keyPrefix: 'acme_co', state: 'active', metadata: {} })
    const { id } = made.json
    const { key } = await system.newKey({ tenantId: id })
    expect(key).toMatch(/^acme_co_svc_/)
    const changed = await system.admin<TenantBody>('PATCH', `/tenants/${id}`, { name: 'Acme 2', metadata: { a: 1 } })
    expect(changed.json).toMatchObject({ id, name: 'Acme 2', metadata: { a: 1 }, keyPrefix: 'acme_co' })
    const list = await system.admin<ListBody<TenantBody>>('GET', '/tenants?q=Acme')
    expect(list.json.data).toEqual([changed.json])
    expect((await system.admin('DELETE', `/tenants/${id}`)).status).toBe(409)
    const other = await system.newTenant('short-lived')
    const gone = await system.admin<ChangeBody>('DELETE', `/tenants/${other}`)
    expect(gone.status).toBe(200)
    expect(gone.json).toEqual({ revision: expect.any(Number), committedAt: expect.stringMatching(/Z$/) })
    expect((await system.admin('GET', `/tenants/${other}`)).status).toBe(404)
  })

  test.each(['A', 'UPPER', 'with-dash', 'a'.repeat(25), ''])('400 for the key prefix %j', async (keyPrefix) => {
    expect((await system.admin('POST', '/tenants', { name: 'x', keyPrefix })).status).toBe(400)
  })
})

test('apps are made, changed, listed and deleted', async () => {
  const tenantId = await system.newTenant()
  const made = await system.admin<AppBody>('POST', '/apps', { tenantId, name: 'Desk', mode: 'chat' })
  expect(made.status).toBe(201)
  expect(made.json).toMatchObject({ tenantId, name: 'Desk', mode: 'chat', state: 'active' })
  const { id } = made.json
  const { key } = await system.newKey({ tenantId, kind: 'app', appId: id })
  const changed = await system.admin<AppBody>('PATCH', `/apps/${id}`, { state: 'disabled' })
  expect(changed.json.state).toBe('disabled')
  const list = await system.admin<ListBody<AppBody>>('GET', `/apps?tenantId=${tenantId}`)
  expect(list.json.data.map((app) => app.id)).toEqual([id])
  expect((await system.admin('POST', '/apps', { tenantId, name: 'x', mode: 'nonsense' })).status).toBe(400)
  expect((await system.authz(key)).status).toBe(403)
})

test('the audit says who did what, and pages', async () => {
  const tenantId = await system.newTenant('audited')
  const { json } = await system.admin<ListBody<AuditBody>>('GET', `/audit?subjectId=${tenantId}`)
  expect(json.data).toMatchObject([
    { action: 'tenant.create', subjectType: 'tenant', subjectId: tenantId, actor: { ip: '127.0.0.1' } },
  ])
  const first = await system.admin<ListBody<AuditBody>>('GET', '/audit?limit=1')
  const second = await system.admin<ListBody<AuditBody>>('GET', `/audit?limit=1&cursor=${first.json.nextCursor}`)
  expect(second.json.data[0]?.id).not.toBe(first.json.data[0]?.id)
})

describe('what concerns the whole deployment', () => {
  test('nodes and the state of the one that answers', async () => {
    const nodes = await system.admin<ListBody<NodeBody>>('GET', '/nodes')
    expect(nodes.json).toMatchObject({ data: [{ id: system.runtime.node.id, left: false }], nextCursor: null })
    const self = await system.admin<NodeState>('GET', '/nodes/self')
    expect(self.json).toMatchObject({
      id: system.runtime.node.id,
      ready: true,
      tiers: { sql: { kind: 'sqlite', up: true } },
    })
  })

  test('a flush makes the next check ask storage', async () => {
    const { key } = await system.newKey()
    await system.authz(key)
    expect((await system.authz(key)).headers['cache-status']).toContain('L1')
    expect((await system.admin<ChangeBody>('POST', '/cache/flush')).status).toBe(200)
    expect((await system.authz(key)).headers['cache-status']).toContain('L3')
  })

  test.each([
    ['GET', '/nodes'],
    ['GET', '/nodes/self'],
    ['POST', '/cache/flush'],
    ['POST', '/tenants'],
  ])('%s %s is not for the admin of one tenant', async (method, path) => {
    const admin = await system.newKey({ kind: 'admin' })
    const body = path === '/tenants' ? { name: 'mine' } : undefined
    expect((await system.admin(method, path, body, admin.key)).status).toBe(403)
  })
})
