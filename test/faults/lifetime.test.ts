import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { lastAcceptedMs } from './acceptances.ts'
import { type Fleet, startFleet, unguarded } from './fleet.ts'
import { machineMs } from './monotonic.ts'
import { startTellingPostgres } from './query-log.ts'
import { report } from './report.ts'
import { coldKey } from './storm.ts'

const positiveMs = 1_000

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

const options = () => ({ nodes: 2, postgres, redis, env: { GATEHOUSE_POSITIVE: `${positiveMs}ms` } })

/** A key that never rests is ended in SQL by a hand that writes no log, so that only its lifetime can end it. */
async function endBehindTheLog(fleet: Fleet): Promise<number> {
  const { id, key } = await coldKey(fleet)
  const stream = await fleet.callers.stream(fleet.nodes, 4, 1, key)
  await pause(2 * positiveMs)
  await postgres.query(`update keys set state = 'revoked' where id = '${id}'`, fleet.databaseUrl)
  const endedMs = machineMs()
  await pause(2 * positiveMs)
  return lastAcceptedMs(await stream.stop(), endedMs)
}

test('hits prolong nothing: a hot key is read again within its lifetime, in every tier', {
  timeout: 60_000,
}, async () => {
  const fleet = await startFleet(options())
  try {
    const last = await endBehindTheLog(fleet)
    report('a hot key ended behind the log', { lifetimeMs: positiveMs, lastAcceptedMs: last })
    expect(last).toBeLessThan(positiveMs)
  } finally {
    await fleet.close()
  }
})

test('with a lifetime that slides it lives on', { timeout: 60_000 }, async () => {
  expect(await unguarded('fixed lifetime', options(), endBehindTheLog)).toBeGreaterThan(1.5 * positiveMs)
})
