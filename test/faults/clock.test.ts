import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { lastAcceptedMs } from './acceptances.ts'
import { type Fleet, nodeAt, startFleet, unguarded } from './fleet.ts'
import { wallClockPreload } from './fleet-node.ts'
import { machineMsAt } from './monotonic.ts'
import { startTellingPostgres } from './query-log.ts'
import { coldKey, statuses } from './storm.ts'

const minute = 60_000
const leaseMs = 1_000
const graceMs = 500

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

const options = () => ({
  nodes: 2,
  postgres,
  redis,
  preload: wallClockPreload,
  env: { GATEHOUSE_GRACE: `${graceMs}ms` },
})

/** A node is cut off, its wall clock steps, and the key is revoked elsewhere: how long after its bound it accepted. */
async function revokeBehindStep(fleet: Fleet, stepMs: number): Promise<number> {
  const stepped = nodeAt(fleet, 1)
  const { id, key } = await coldKey(fleet)
  const stream = await fleet.callers.stream([stepped], 2, 5, key)
  await until('the key is known there', async () => (await stream.look()).some(({ status }) => status === 200))
  stepped.cut()
  await stepped.stepWall(stepMs)
  const receipt = await fleet.admin().revoke(id)
  await pause(leaseMs + graceMs + 700)
  return lastAcceptedMs(await stream.stop(), machineMsAt(Date.parse(receipt.refusedEverywhereBy)))
}

describe('nodes whose wall clocks step', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet(options())
  })

  afterEach(async () => {
    for (const node of fleet.nodes) await node.stepWall(0)
    await fleet.heal()
  })
  afterAll(() => fleet?.close())

  test('five minutes to and fro under traffic: no refusal, no look-up, and expiry by the wall', async () => {
    const stepped = nodeAt(fleet, 1)
    const { key } = await coldKey(fleet)
    const brief = await coldKey(fleet, { expiresInSeconds: 120 })
    await fleet.callers.fire(fleet.nodes, 1, key, brief.key)
    await fleet.callers.fire(fleet.nodes, 2, key, brief.key)
    await fleet.queries.restart()
    const stream = await fleet.callers.stream(fleet.nodes, 4, 2, key)
    for (const stepMs of [5 * minute, -5 * minute, 0, 5 * minute, 4 * minute, -5 * minute]) {
      await stepped.stepWall(stepMs)
      const expired = stepMs > 2 * minute
      const here = await fleet.callers.fire([stepped], 3, brief.key)
      const there = await fleet.callers.fire([nodeAt(fleet, 0)], 3, brief.key)
      expect({ stepMs, here: statuses(here) }).toEqual({ stepMs, here: [expired ? 401 : 200] })
      expect(statuses(there)).toEqual([200])
      await pause(300)
    }
    expect(statuses(await stream.stop())).toEqual([200])
    expect(await fleet.queries.lookups()).toEqual([])
  })

  test('runs backwards while keys are revoked: each is refused at once', async () => {
    const stepped = nodeAt(fleet, 1)
    for (let step = 1; step <= 5; step++) {
      const { id, key } = await coldKey(fleet)
      await fleet.callers.fire(fleet.nodes, 2, key)
      await stepped.stepWall(-step * minute)
      const receipt = await fleet.admin(step % 2).revoke(id, '5s')
      expect(receipt.complete).toBe(true)
      expect(statuses(await fleet.callers.fire(fleet.nodes, 2, key))).toEqual([401])
    }
  })

  test.for([-5 * minute, 5 * minute])(
    'cut off and stepped by %i ms: refuses within D + G all the same',
    async (stepMs) => {
      expect(await revokeBehindStep(fleet, stepMs)).toBe(0)
    },
  )
})

test('without monotonic time: a clock set back prolongs the lease', { timeout: 60_000 }, async () => {
  const overdueMs = await unguarded('monotonic time', options(), (fleet) => revokeBehindStep(fleet, -5 * minute))
  expect(overdueMs).toBeGreaterThan(300)
})
