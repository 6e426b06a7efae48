import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReadyBody } from '../../src/http/contract.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { until } from '../servers/until.ts'
import { type System, startSystem } from './system.ts'

let postgres: PostgresServer
let system: System

beforeAll(async () => {
  postgres = await startPostgres()
  const env = { DATABASE_URL: postgres.url, GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  system = await startSystem({ env: { ...env, GATEHOUSE_POSTURE: 'balanced' } })
})
afterAll(async () => {
  await system.close()
  await postgres.stop()
})

test('with storage away known keys pass, marked as degraded; of others nothing is said but 503', async () => {
  const known = await system.newKey()
  const other = await system.newKey()
  expect((await system.authz(known.key)).status).toBe(200)
  postgres.pause()
  await until(
    'the lease has lapsed',
    async () => (await system.authz(known.key)).headers['x-gatehouse-degraded'] === 'true',
  )
  const degraded = await system.authz(known.key)
  expect(degraded.status).toBe(200)
  expect(degraded.headers).toMatchObject({ 'x-gatehouse-key-id': known.id, 'x-gatehouse-degraded': 'true' })

  const undecided = await system.authz(other.key)
  expect(undecided.status).toBe(503)
  expect(undecided.headers['retry-after']).toBe('1')
  expect(undecided.headers).not.toHaveProperty('www-authenticate')
  expect(undecided.json).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
  await system.authz(other.key)
  const outages = system.logged.filter(({ msg }) => msg === 'checks cannot be decided and are answered with 503')
  expect(outages).toHaveLength(1)

  const batch = await system.admin<{ results: unknown[] }>('POST', '/keys/verify', { checks: [{ key: other.key }] })
  expect(batch.status).toBe(200)
  expect(batch.json.results).toMatchObject([{ valid: false, code: 'UNAVAILABLE' }])

  const change = await system.admin('POST', '/tenants', { name: 'not now' })
  expect(change.status).toBe(503)
  expect(change.headers['retry-after']).toBe('1')
  expect(change.text).not.toMatch(/postgres|127\.0\.0\.1|ECONN|SELECT/i)

  expect((await system.ask('/healthz')).status).toBe(200)
  const ready = await system.ask<ReadyBody>('/readyz')
  expect(ready.json.lease).toMatchObject({ live: false, inGrace: true })
  postgres.resume()
  await until('the key is known again', async () => (await system.authz(other.key)).status === 200)
})
