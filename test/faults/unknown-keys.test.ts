import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { randomBase62 } from '../../src/kernel/id.ts'
import { createGatehouse } from '../../src/library.ts'
import { formatKey, taggedPart } from '../../src/tokens/key-format.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { anyToken, type CallRecord } from './callers.ts'
import { type Fleet, masterKey, nodeAt, startFleet, unguarded } from './fleet.ts'
import { machineMs } from './monotonic.ts'
import { healPushes, losePushes } from './pushes.ts'
import { startTellingPostgres } from './query-log.ts'
import { report } from './report.ts'
import { coldKey, longestMs, statuses } from './storm.ts'

const leaseMs = 1_000
const absentMs = 3_000
/** Look-ups of foreign tokens that one node has under way at most. */
const foreignShare = 2
/** Look-ups of unknown foreign tokens that one address is allowed at once, and a second after that. */
const [burst, perSecond] = [100, 20]

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

const options = (nodes: number) => ({ nodes, postgres, redis, env: { GATEHOUSE_ABSENT: `${absentMs}ms` } })

/** In Gatehouse's form, with the right checksum and a made-up tag. */
function forgedKey(): string {
  return formatKey(taggedPart('gh_svc', randomBase62(12), randomBase62(32)), randomBase62(6))
}

/** Scripts that Redis has run, which are all that touch slots. */
async function slotReads(): Promise<number> {
  const stats = await redis.command('INFO', 'commandstats')
  return [...stats.matchAll(/cmdstat_(?:eval|evalsha):calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

async function importForm(fleet: Fleet, key: string): Promise<void> {
  const tenantId = await fleet.admin().tenant()
  await fleet.admin().import({ keys: [{ key, kind: 'app', tenantId, name: 'imported' }] })
}

const foreignKey = () => `app-${randomBase62(24)}`

/** Everybody asks for a key that is not there, again and again; how often SQL was asked. */
async function askForUnknown(fleet: Fleet): Promise<{ key: string; answers: readonly number[]; seen: number }> {
  await importForm(fleet, foreignKey())
  const key = foreignKey()
  await until('the form is known everywhere', async () => {
    const records = await fleet.callers.fire(fleet.nodes, 1, key)
    return records.every(({ status }) => status === 401) && (await fleet.queries.lookups()).length > 0
  })
  const other = foreignKey()
  await fleet.callers.open(fleet.nodes, 20)
  await fleet.queries.restart()
  const records = [
    ...(await fleet.callers.fire(fleet.nodes, 20, other)),
    ...(await fleet.callers.fire(fleet.nodes, 20, other)),
  ]
  return { key: other, answers: statuses(records), seen: (await fleet.queries.lookups()).length }
}

/** A key that everybody has found absent is imported at one node, and no push tells the others: when they accept it. */
async function importBehindAbsence(fleet: Fleet, key: string): Promise<number> {
  await losePushes([redis])
  try {
    await fleet.callers.fire(fleet.nodes, 2, key)
    await importForm(fleet, key)
    return await acceptedAfterMs(fleet, key)
  } finally {
    await healPushes([redis])
  }
}

/** How long from now until every node accepts; infinite where that takes longer than twice D. */
async function acceptedAfterMs(fleet: Fleet, key: string): Promise<number> {
  const since = machineMs()
  while (machineMs() - since < 2 * leaseMs) {
    const records = await fleet.callers.fire(fleet.nodes, 1, key)
    if (records.every(({ status }) => status === 200)) return machineMs() - since
    await pause(10)
  }
  return Number.POSITIVE_INFINITY
}

/** A flood of made-up tokens in a form that was imported, over a SQL that takes 20 ms; real keys are asked for meanwhile. */
async function floodForeign(fleet: Fleet) {
  await importForm(fleet, foreignKey())
  const tenantId = await fleet.admin().tenant()
  const real = await Promise.all(Array.from({ length: 20 }, () => fleet.admin().key({ tenantId })))
  await pause(2 * leaseMs)
  for (const node of fleet.nodes) node.links.sql?.weather({ delayMs: 10 })
  const flood = await fleet.callers.flood(fleet.nodes, 100, anyToken('app-', 24))
  await pause(300)
  await fleet.queries.restart()
  const since = machineMs()
  await pause(700)
  const records = await fleet.callers.fire(fleet.nodes, real.length, ...real.map(({ key }) => key))
  const windowMs = machineMs() - since
  const own = new Set((await Promise.all(real.map(({ id }) => fleet.digests(id)))).flat())
  const foreign = (await fleet.queries.lookups()).filter((digest) => !own.has(digest)).length
  const answers = statuses(await flood.stop())
  const mostMs = windowMs + 100
  return { records, answers, foreign, most: fleet.nodes.length * foreignShare * Math.ceil(mostMs / 20) }
}

test('a million forged and formless keys in one process: nobody is asked, memory stays, real keys stay', {
  timeout: 120_000,
}, async () => {
  const fleet = await startFleet(options(1))
  const gate = await createGatehouse({
    databaseUrl: fleet.databaseUrl,
    redisUrl: redis.url,
    redisPrefix: fleet.redisPrefix,
    masterKey,
  })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  try {
    const tenantId = await fleet.admin().tenant()
    const real = await Promise.all(Array.from({ length: 100 }, () => fleet.admin().key({ tenantId })))
    for (const { key } of real) expect((await gate.verify(key)).kind).toBe('accepted')
    await fleet.queries.restart()
    const reads = await slotReads()
    collect()
    const before = process.memoryUsage().heapUsed
    const since = machineMs()
    const reasons = new Set<string>()
    for (let turn = 0; turn < 1_000; turn++) {
      const keys = Array.from({ length: 1_000 }, (_, index) =>
        index % 2 === 0 ? forgedKey() : `xyz.${randomBase62(60)}`,
      )
      const verdicts = await Promise.all(keys.map((key) => gate.verify(key)))
      for (const verdict of verdicts) reasons.add(verdict.kind === 'refused' ? verdict.reason : verdict.kind)
    }
    const tookMs = machineMs() - since
    collect()
    const grownMb = (process.memoryUsage().heapUsed - before) / 2 ** 20
    report('a million made-up keys', { tookMs, grownMb })
    expect([...reasons]).toEqual(['NOT_FOUND'])
    expect(await fleet.queries.lookups()).toEqual([])
    expect(await slotReads()).toBe(reads)
    expect(grownMb).toBeLessThan(10)
    for (const { key } of real) expect(gate.peek(key)).toMatchObject({ kind: 'accepted', certificate: { tier: 'L1' } })
  } finally {
    await gate.close()
    await fleet.close()
  }
})

describe('three nodes', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet(options(3))
  })

  afterEach(() => fleet.heal())
  afterAll(() => fleet?.close())

  test('forged and formless keys over HTTP: nobody is asked, real keys are answered from memory', async () => {
    const { key } = await coldKey(fleet)
    await fleet.callers.fire(fleet.nodes, 1, key)
    await fleet.callers.open(fleet.nodes, 200)
    await fleet.queries.restart()
    const reads = await slotReads()
    const hits = await fleet.callers.stream(fleet.nodes, 2, 5, key)
    for (let turn = 0; turn < 10; turn++) {
      const made = Array.from({ length: 600 }, (_, index) =>
        index % 2 === 0 ? forgedKey() : `xyz.${randomBase62(60)}`,
      )
      expect(statuses(await fleet.callers.fire(fleet.nodes, 200, ...made))).toEqual([401])
    }
    expect(statuses(await hits.stop())).toEqual([200])
    expect(await fleet.queries.lookups()).toEqual([])
    expect(await slotReads()).toBe(reads)
  })

  test('an unknown key costs one query for all nodes and an absence period', async () => {
    const { key, answers, seen } = await askForUnknown(fleet)
    expect(answers).toEqual([401])
    expect(seen).toBe(1)
    await pause(absentMs)
    await fleet.callers.fire(fleet.nodes, 10, key)
    expect(await fleet.queries.lookups()).toHaveLength(2)
  })

  test('what is imported or enabled at one node while pushes are lost works at the others within D', async () => {
    const { key } = await askForUnknown(fleet)
    const imported = await importBehindAbsence(fleet, key)
    const { id, key: switched } = await coldKey(fleet)
    await fleet.admin().send('PATCH', `/api/v1/keys/${id}`, { state: 'disabled' })
    expect(statuses(await fleet.callers.fire(fleet.nodes, 2, switched))).toEqual([401])
    await losePushes([redis])
    await fleet.admin().send('PATCH', `/api/v1/keys/${id}`, { state: 'active' })
    const enabled = await acceptedAfterMs(fleet, switched)
    await healPushes([redis])
    report('accepted everywhere without pushes', { importedMs: imported, enabledMs: enabled })
    expect(imported).toBeLessThan(leaseMs)
    expect(enabled).toBeLessThan(leaseMs)
  })

  test('a flood in a registered form gets its share of SQL and no more; real keys do not wait', async () => {
    const { records, answers, foreign, most } = await floodForeign(fleet)
    report('flood of foreign tokens', { lookups: foreign, most, realKeysLongestMs: longestMs(records) })
    expect(statuses(records)).toEqual([200])
    expect(longestMs(records)).toBeLessThan(500)
    expect(answers).toContain(503)
    expect([401, 503]).toEqual(expect.arrayContaining([...answers]))
    expect(foreign).toBeLessThanOrEqual(most)
  })

  test('one address is allowed so many foreign look-ups, and then 429', async () => {
    await importForm(fleet, foreignKey())
    await pause(leaseMs)
    const since = machineMs()
    await fleet.queries.restart()
    const records: CallRecord[] = []
    for (let volley = 0; volley < 6; volley++) {
      records.push(...(await fleet.callers.fire([nodeAt(fleet, 0)], 50, ...Array.from({ length: 50 }, foreignKey))))
    }
    const refilled = ((machineMs() - since) / 1_000) * perSecond
    expect(statuses(records)).toContain(429)
    expect((await fleet.queries.lookups()).length).toBeLessThanOrEqual(burst + refilled + foreignShare)
  })
})

describe('without its guard the same is seen to fail', { timeout: 60_000 }, () => {
  test('no keyed tag: forged keys are looked up', async () => {
    const seen = await unguarded('keyed tag', options(1), async (fleet) => {
      await fleet.queries.restart()
      await fleet.callers.fire(fleet.nodes, 50, ...Array.from({ length: 50 }, forgedKey))
      return (await fleet.queries.lookups()).length
    })
    expect(seen).toBeGreaterThan(0)
  })

  test('no memory of absence: every caller asks', async () => {
    const { seen } = await unguarded('cached absence', options(2), askForUnknown)
    expect(seen).toBeGreaterThan(1)
  })

  test('absence that hangs on nothing: an imported key stays unknown', async () => {
    const accepted = await unguarded('floors of absence', options(2), async (fleet) => {
      const { key } = await askForUnknown(fleet)
      return await importBehindAbsence(fleet, key)
    })
    expect(accepted).toBeGreaterThan(leaseMs)
  })

  test('no share for foreign tokens: a flood takes what it can', async () => {
    const { foreign, most } = await unguarded('foreign allowance and bulkhead', options(2), floodForeign)
    expect(foreign).toBeGreaterThan(most)
  })
})
