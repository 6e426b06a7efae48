import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFaultProxy } from '../../src/testing/fault-proxy.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { AdminClient } from './admin-client.ts'
import { adminKey, type Fleet, nodeAt, startFleet, unguarded } from './fleet.ts'
import { startTellingPostgres } from './query-log.ts'
import { coldKey, statuses } from './storm.ts'

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

/** A rotation is committed and its answer never arrives, because `lose` happens; then it is asked for again, twice. */
async function rotateWithLostAnswer(fleet: Fleet, lose: 'the connection' | 'the node') {
  const asked = nodeAt(fleet, 1)
  const { id, key } = await coldKey(fleet)
  const body = { graceSeconds: 600, idempotencyKey: randomBytes(16).toString('hex') }
  const proxy = await createFaultProxy({ target: { port: asked.port } })
  const client = new AdminClient(`http://127.0.0.1:${proxy.port}`, adminKey)
  try {
    await client.nodeId()
    proxy.hold()
    const lost = client.rotate(id, body).then(
      () => 'answered',
      () => 'lost',
    )
    await until('the rotation is committed', async () => (await fleet.digests(id)).length === 2)
    if (lose === 'the node') await asked.kill()
    proxy.cut()
    const outcome = await lost
    const again = await fleet.admin(0).rotate(id, body)
    const oncemore = await fleet.admin(0).rotate(id, body)
    return { id, old: key, outcome, again, oncemore, secrets: (await fleet.digests(id)).length }
  } finally {
    await client.close()
    await proxy.close()
  }
}

describe('the answer to a rotation is lost', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet({ nodes: 2, postgres, redis })
  })

  afterAll(() => fleet?.close())

  test.for(['the connection', 'the node'] as const)(
    'with %s: the repeat gives the one new secret of the same key',
    async (lose) => {
      const { id, old, outcome, again, oncemore, secrets } = await rotateWithLostAnswer(fleet, lose)
      expect(outcome).toBe('lost')
      expect(again.id).toBe(id)
      expect(oncemore.key).toBe(again.key)
      expect(again.key).not.toBe(old)
      expect(secrets).toBe(2)
      expect(statuses(await fleet.callers.fire([nodeAt(fleet, 0)], 4, old, again.key))).toEqual([200])
    },
  )
})

test('without the memory of idempotency keys: a second new secret', { timeout: 60_000 }, async () => {
  const { again, oncemore, secrets } = await unguarded(
    'idempotency of rotation',
    { nodes: 2, postgres, redis },
    (fleet) => rotateWithLostAnswer(fleet, 'the connection'),
  )
  expect(oncemore.key).not.toBe(again.key)
  expect(secrets).toBeGreaterThan(2)
})
