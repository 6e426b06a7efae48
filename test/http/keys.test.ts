import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IssuedKeyBody, KeyBody, ListBody, ProblemBody } from '../../src/http/contract.ts'
import { type System, startSystem } from './system.ts'

let system: System
let tenantId: string

beforeAll(async () => {
  system = await startSystem()
  tenantId = await system.newTenant()
})
afterAll(() => system.close())

describe('POST /api/v1/keys', () => {
  test('201 shows the clear key once, in a form that works at once', async () => {
    const body = { kind: 'service', tenantId, name: 'one', scopes: ['billing'], expiresInSeconds: 3600 }
    const { status, json, headers } = await system.admin<IssuedKeyBody>('POST', '/keys', body)
    expect(status).toBe(201)
    expect(headers.location).toBe(`/api/v1/keys/${json.id}`)
    expect(headers['cache-control']).toBe('no-store')
    expect(json.key).toMatch(/^gh_svc_[0-9A-Za-z]{56}$/)
    expect(json.lastFour).toBe(json.key.slice(-4))
    expect(Date.parse(json.expiresAt ?? '') - Date.parse(json.createdAt)).toBe(3_600_000)
    expect((await system.authz(json.key)).status).toBe(200)
    const again = await system.admin<KeyBody>('GET', `/keys/${json.id}`)
    const { key, ...rest } = json
    expect(again.json).toEqual({ ...rest, lastUsedAt: again.json.lastUsedAt })
    expect(again.text).not.toContain(key)
  })

  test('a time with an offset is answered in UTC', async () => {
    const body = { kind: 'service', tenantId, name: 'offset', expiresAt: '2090-01-01T02:00:00+02:00' }
    const { json } = await system.admin<IssuedKeyBody>('POST', '/keys', body)
    expect(json.expiresAt).toBe('2090-01-01T00:00:00.000Z')
  })

  test.each(['body', 'header', 'quoted header'])(
    'a repeat with the same idempotency key (%s) gives the same key',
    async (where) => {
      const idempotencyKey = `01JD3M8Z5K7Q9V2X4B6N8R0T-${where.replaceAll(' ', '-')}`
      const inHeader = where === 'header' ? idempotencyKey : `"${idempotencyKey}"`
      const send = () =>
        system.ask<IssuedKeyBody>('/api/v1/keys', {
          method: 'POST',
          body: { kind: 'service', tenantId, name: 'once', ...(where === 'body' && { idempotencyKey }) },
          headers: {
            authorization: `Bearer ${system.adminKey}`,
            ...(where !== 'body' && { 'idempotency-key': inHeader }),
          },
        })
      const first = await send()
      const second = await send()
      expect([first.status, second.status]).toEqual([201, 201])
      expect(second.json.key).toBe(first.json.key)
      expect(first.headers).not.toHaveProperty('idempotent-replayed')
      expect(second.headers['idempotent-replayed']).toBe('true')
    },
  )

  test('two idempotency keys that differ are refused', async () => {
    const reply = await system.ask('/api/v1/keys', {
      method: 'POST',
      body: { kind: 'service', tenantId, name: 'two', idempotencyKey: 'a'.repeat(22) },
      headers: { authorization: `Bearer ${system.adminKey}`, 'idempotency-key': 'b'.repeat(22) },
    })
    expect(reply.status).toBe(400)
    expect(reply.json.detail).toBe('More than one idempotency key was sent')
  })
})

describe('GET /api/v1/keys', () => {
  test('pages through all, each once, and filters', async () => {
    const mine = await system.newTenant('pages')
    for (let i = 0; i < 5; i++) await system.newKey({ tenantId: mine, name: `page ${i}` })
    const seen: string[] = []
    let cursor = ''
    do {
      const query = `tenantId=${mine}&limit=2${cursor && `&cursor=${cursor}`}`
      const { json } = await system.admin<ListBody<KeyBody>>('GET', `/keys?${query}`)
      expect(json.data.length).toBeLessThanOrEqual(2)
      seen.push(...json.data.map(({ name }) => name))
      cursor = json.nextCursor ?? ''
    } while (cursor)
    expect(seen.sort()).toEqual(['page 0', 'page 1', 'page 2', 'page 3', 'page 4'])
    const found = await system.admin<ListBody<KeyBody>>(
      'GET',
      `/keys?tenantId=${mine}&q=ge%203&kind=service&state=active`,
    )
    expect(found.json.data.map(({ name }) => name)).toEqual(['page 3'])
    expect(found.text).not.toContain('"key"')
  })

  test.each([
    ['limit=0', 'limit is too small'],
    ['limit=201', 'limit is too large'],
    ['limit=999999999999999999999', 'limit is of the wrong type'],
    ['limit=1e2', 'limit is of the wrong type'],
    ['limit=-1', 'limit is of the wrong type'],
    ['limit=1&limit=2', 'limit is of the wrong type'],
    ['cursor=nonsense', 'cursor'],
    ['kind=root', 'kind has a value that is not allowed'],
    ['stat=active', 'stat is not a member that is known here'],
    ['q=%00', 'A text holds the character U+0000'],
  ])('400 for ?%s', async (query, detail) => {
    const reply = await system.admin<ProblemBody>('GET', `/keys?${query}`)
    expect(reply.status).toBe(400)
    expect(reply.json.detail).toContain(detail)
    expect(reply.json.fix).toBeTruthy()
  })
})

describe('PATCH /api/v1/keys/{id}', () => {
  test('changes what is named and leaves the rest; null clears', async () => {
    const { id } = await system.newKey({ tenantId, environment: 'live', scopes: ['a'], expiresInSeconds: 60 })
    const one = await system.admin<KeyBody>('PATCH', `/keys/${id}`, {
      name: 'renamed',
      environment: null,
      expiresAt: null,
    })
    expect(one.json).toMatchObject({ name: 'renamed', environment: null, expiresAt: null, scopes: ['a'] })
    const two = await system.admin<KeyBody>('PATCH', `/keys/${id}`, {
      metadata: { team: 'x' },
      allowedCidrs: ['10.0.0.0/8'],
    })
    expect(two.json).toMatchObject({ name: 'renamed', metadata: { team: 'x' }, allowedCidrs: ['10.0.0.0/8'] })
  })

  test('a revoked key stays revoked', async () => {
    const { id } = await system.newKey({ tenantId })
    await system.admin('POST', `/keys/${id}/revoke`)
    expect((await system.admin('PATCH', `/keys/${id}`, { state: 'active' })).status).toBe(409)
  })
})

describe('POST /api/v1/keys/{id}/rotate', () => {
  test('keeps the id; the secret before works for its grace', async () => {
    const { id, key } = await system.newKey({ tenantId })
    const { status, json } = await system.admin<IssuedKeyBody>('POST', `/keys/${id}/rotate`, { graceSeconds: 60 })
    expect(status).toBe(200)
    expect(json.id).toBe(id)
    expect(json.previousValidUntil).not.toBeNull()
    expect((await system.authz(key)).status).toBe(200)
    expect((await system.authz(json.key)).status).toBe(200)
  })

  test('without a body there is no grace', async () => {
    const { id, key } = await system.newKey({ tenantId })
    const { json } = await system.admin<IssuedKeyBody>('POST', `/keys/${id}/rotate`)
    expect((await system.authz(key)).json).toMatchObject({ status: 401, code: 'ROTATED_OUT' })
    expect((await system.authz(json.key)).status).toBe(200)
  })

  test('a repeat whose first answer was lost gives the same secret', async () => {
    const { id } = await system.newKey({ tenantId })
    const body = { idempotencyKey: 'rotation-0123456789abcdef' }
    const first = await system.admin<IssuedKeyBody>('POST', `/keys/${id}/rotate`, body)
    const second = await system.admin<IssuedKeyBody>('POST', `/keys/${id}/rotate`, body)
    expect(second.json.key).toBe(first.json.key)
    expect(second.headers['idempotent-replayed']).toBe('true')
  })

  test.each([-1, 2_592_001, 1.5, '60'])('400 for a grace of %j', async (graceSeconds) => {
    const { id } = await system.newKey({ tenantId })
    expect((await system.admin('POST', `/keys/${id}/rotate`, { graceSeconds })).status).toBe(400)
  })
})

describe('an admin key of one tenant', () => {
  test('sees that tenant only: the rest is not found', async () => {
    const other = await system.newTenant('other')
    const foreign = await system.newKey({ tenantId: other })
    const admin = await system.newKey({ tenantId, kind: 'admin' })
    const list = await system.admin<ListBody<KeyBody>>('GET', '/keys?limit=200', undefined, admin.key)
    expect(new Set(list.json.data.map((key) => key.tenantId))).toEqual(new Set([tenantId]))
    for (const [method, path, body] of [
      ['GET', `/keys/${foreign.id}`, undefined],
      ['PATCH', `/keys/${foreign.id}`, { name: 'mine' }],
      ['DELETE', `/keys/${foreign.id}`, undefined],
      ['POST', `/keys/${foreign.id}/revoke`, undefined],
      ['POST', `/keys/${foreign.id}/rotate`, {}],
      ['GET', `/tenants/${other}`, undefined],
    ] as const) {
      expect((await system.admin(method, path, body, admin.key)).status).toBe(404)
    }
    expect((await system.authz(foreign.key)).status).toBe(200)
  })

  test('a key that only carries the scope admin does not rule', async () => {
    const { key } = await system.newKey({ tenantId, scopes: ['admin'] })
    const reply = await system.admin('GET', '/keys', undefined, key)
    expect(reply.status).toBe(403)
    expect(reply.json.code).toBe('FORBIDDEN')
  })
})

describe('without an admin key', () => {
  test.each([
    ['GET', '/api/v1/keys'],
    ['POST', '/api/v1/keys'],
    ['POST', '/api/v1/keys/verify'],
    ['DELETE', '/api/v1/keys/abc'],
    ['GET', '/api/v1/audit'],
    ['GET', '/api/v1/there-is-no-such-address'],
    ['PUT', '/api/v1/keys'],
  ])('401 for %s %s', async (method, path) => {
    const reply = await system.ask(path, { method })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="gatehouse-admin"')
  })

  test('403 with a key of another kind, before the body is looked at', async () => {
    const { key } = await system.newKey({ tenantId })
    const reply = await system.admin('POST', '/keys', { nonsense: true }, key)
    expect(reply.status).toBe(403)
  })
})
