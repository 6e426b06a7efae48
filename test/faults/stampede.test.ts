import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { type Fleet, startFleet, unguarded } from './fleet.ts'
import { startTellingPostgres } from './query-log.ts'
import { report } from './report.ts'
import { coldKey, longestMs, statuses, storm, sum } from './storm.ts'

/** Of one check. */
const budgetMs = 1_000

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

describe('one cold key, five nodes', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet({ nodes: 5, postgres, redis, proxied: { sql: false } })
  })

  afterAll(() => fleet?.close())

  test.for([200, 1_000])('%i callers at each: one query', async (each) => {
    const { records, seen, told } = await storm(fleet, each)
    report(`${each} callers at each of 5 nodes`, { queries: seen, longestMs: longestMs(records) })
    expect(statuses(records)).toEqual([200])
    expect({ seen, told: sum(told) }).toEqual({ seen: 1, told: 1 })
    expect(longestMs(records)).toBeLessThan(budgetMs)
  })

  test.for([200, 1_000])('%i callers at each, Redis a black hole: one query per node at most', async (each) => {
    for (const node of fleet.nodes) node.cutRedis()
    try {
      const { records, seen, told } = await storm(fleet, each)
      report(`${each} callers at each of 5 nodes, Redis away`, { queries: seen, longestMs: longestMs(records) })
      expect(statuses(records)).toEqual([200])
      expect(Math.max(...told)).toBeLessThanOrEqual(1)
      expect(seen).toBeLessThanOrEqual(fleet.nodes.length)
      expect(longestMs(records)).toBeLessThan(budgetMs)
    } finally {
      await fleet.heal()
    }
  })
})

test('the node that fills is killed during its query: the others answer in time, by one query each at most', {
  timeout: 60_000,
}, async () => {
  const fleet = await startFleet({ nodes: 3, postgres, redis, env: { GATEHOUSE_FILL_LEASE: '300ms' } })
  try {
    const [filling, ...others] = fleet.nodes
    if (!filling) throw new Error('no node')
    const { key, digest } = await coldKey(fleet)
    const asked = () => fleet.queries.seenLookups().filter((one) => one === digest).length
    await fleet.callers.open(fleet.nodes, 100)
    await fleet.queries.restart()
    filling.links.sql?.hold()
    const lost = fleet.callers.fire([filling], 1, key)
    await until('its query is under way', () => asked() === 1)
    const waiting = fleet.callers.fire(others, 100, key)
    await filling.kill()
    const records = await waiting
    expect(statuses(await lost)).toEqual([0])
    expect(statuses(records)).toEqual([200])
    expect(longestMs(records)).toBeLessThan(budgetMs)
    await fleet.queries.lookups()
    // They wait for as long as a fill may take; who then finds another at it does not wait again.
    expect(asked()).toBeGreaterThan(1)
    expect(asked()).toBeLessThanOrEqual(1 + others.length)
  } finally {
    await fleet.close()
  }
})

describe('without its guard the same is seen to fail', { timeout: 60_000 }, () => {
  const options = () => ({ nodes: 2, postgres, redis })

  test('no lease to fill: every node asks', async () => {
    // No answer comes before every node has had its chance to ask.
    const { seen } = await unguarded('fill lease', options(), (fleet) =>
      storm(fleet, 20, async ({ digest }) => {
        for (const node of fleet.nodes) node.links.sql?.hold()
        await until('both ask', () => fleet.queries.seenLookups().filter((one) => one === digest).length > 1)
        for (const node of fleet.nodes) node.links.sql?.release()
      }),
    )
    expect(seen).toBeGreaterThan(1)
  })

  test('no single flight: every caller asks', async () => {
    const { told } = await unguarded('single flight', options(), (fleet) => {
      for (const node of fleet.nodes) node.cutRedis()
      return storm(fleet, 50)
    })
    expect(Math.max(...told)).toBeGreaterThan(1)
  })
})
