import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisCluster, startRedisCluster } from '../servers/redis-cluster.ts'
import { until } from '../servers/until.ts'
import { acceptedAfter, lastAcceptedMs } from './acceptances.ts'
import { type Fleet, nodeAt, startFleet, unguarded } from './fleet.ts'
import { revokeWithoutPushes } from './pushes.ts'
import { startTellingPostgres } from './query-log.ts'
import { report } from './report.ts'
import { coldKey, longestMs, statuses, storm, sum, warmConnections } from './storm.ts'

const leaseMs = 1_000
const budgetMs = 1_000

let postgres: PostgresServer
let cluster: RedisCluster

beforeAll(async () => {
  ;[postgres, cluster] = await Promise.all([startTellingPostgres(), startRedisCluster()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), cluster?.stop()])
})

const options = (nodes: number) => ({
  nodes,
  postgres,
  redis: { url: cluster.url },
  env: { GATEHOUSE_POSTURE: 'strict' },
})

/**
 * The master that holds the key's slot stops between the fill's read and its write, so that the revocation cannot write
 * there either; when it goes on, it finds both in its sockets.
 */
async function revokeDuringFill(fleet: Fleet) {
  const filling = nodeAt(fleet, 1)
  const { id, key, digest } = await coldKey(fleet)
  const slot = `${fleet.redisPrefix}:s:${digest}`
  const master = await cluster.masterOf(slot)
  await fleet.callers.open(fleet.nodes, 4)
  await warmConnections(fleet, filling)
  filling.links.sql?.hold()
  await fleet.queries.restart()
  const early = fleet.callers.fire([filling], 4, key)
  await until('the fill has read', () => fleet.queries.seenLookups().includes(digest))
  master.pause()
  filling.links.sql?.release()
  const before = await early
  const receipt = await fleet.admin().revoke(id, '5s')
  master.resume()
  await until('what was sent meanwhile is done', async () => /1[VT]\|/.test(await master.command('GET', slot)))
  const after = await fleet.callers.fire(fleet.nodes, 4, key)
  return {
    before,
    receipt,
    slot: await master.command('GET', slot),
    accepted: acceptedAfter(after, receipt.answeredMs),
  }
}

/** Every node reads and writes slots, whichever master holds them. */
async function sharedTierWorks(fleet: Fleet): Promise<void> {
  for (const node of fleet.nodes) {
    await until('the breaker is closed', async () => {
      const labels = { store: 'shared', operation: 'enter', outcome: 'failed' }
      const failed = await node.metric('gatehouse_store_queries_total', labels)
      await warmConnections(fleet, node)
      return (await node.metric('gatehouse_store_queries_total', labels)) === failed
    })
  }
}

describe('three nodes on a Redis Cluster', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet(options(3))
  })

  afterEach(() => fleet.heal())
  afterAll(() => fleet?.close())

  test('one cold key, 200 callers at each: one query', async () => {
    const { records, seen, told } = await storm(fleet, 200)
    expect(statuses(records)).toEqual([200])
    expect({ seen, told: sum(told) }).toEqual({ seen: 1, told: 1 })
  })

  test('revoked while a fill is between its read and its write', async () => {
    const { before, receipt, slot, accepted } = await revokeDuringFill(fleet)
    expect(statuses(before)).toEqual([200])
    expect(receipt.complete).toBe(true)
    expect(accepted).toEqual([])
    expect(slot).toMatch(/1T\|/)
  })

  test('every push lost: refused within D', async () => {
    const { receipt, records } = await revokeWithoutPushes(fleet, cluster.nodes, 2 * leaseMs)
    const last = lastAcceptedMs(records, receipt.answeredMs)
    report('Cluster, every push lost', { lastAcceptedAfterReceiptMs: last })
    expect(last).toBeLessThan(leaseMs)
  })

  test('a master dies: known keys never notice, new ones are answered in time, what is revoked meanwhile stays so', async () => {
    const known = await coldKey(fleet)
    await fleet.callers.fire(fleet.nodes, 1, known.key)
    const doomed = await coldKey(fleet)
    await fleet.callers.fire(fleet.nodes, 1, doomed.key)
    const slot = `${fleet.redisPrefix}:s:${doomed.digest}`
    const traffic = await fleet.callers.stream(fleet.nodes, 2, 5, known.key)
    const judged = await fleet.callers.stream(fleet.nodes, 2, 5, doomed.key)

    const over = cluster.failover(slot, 'kill')
    const during = await storm(fleet, 100)
    const receipt = await fleet.admin().revoke(doomed.id, '5s')
    await over
    await sharedTierWorks(fleet)
    const after = await storm(fleet, 100)
    const late = await fleet.callers.fire(fleet.nodes, 4, doomed.key)

    expect(statuses(during.records)).toEqual([200])
    expect(longestMs(during.records)).toBeLessThan(budgetMs)
    expect(Math.max(...during.told)).toBeLessThanOrEqual(1)
    expect(after.seen).toBe(1)
    expect(statuses(await traffic.stop())).toEqual([200])
    expect(receipt.complete).toBe(true)
    expect(acceptedAfter([...(await judged.stop()), ...late], receipt.answeredMs)).toEqual([])
    expect(statuses(late)).toEqual([401])
  })
})

test('without floors what was filled is believed', { timeout: 60_000 }, async () => {
  const { accepted } = await unguarded('floors', options(2), revokeDuringFill)
  expect(accepted.length).toBeGreaterThan(0)
})
