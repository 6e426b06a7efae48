import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { acceptedAfter, lastAcceptedMs } from './acceptances.ts'
import { type Fleet, nodeAt, startFleet, unguarded } from './fleet.ts'
import { machineMs } from './monotonic.ts'
import { revokeWithoutPushes } from './pushes.ts'
import { startTellingPostgres } from './query-log.ts'
import { report } from './report.ts'
import { coldKey, statuses, warmConnections } from './storm.ts'

const leaseMs = 1_000
const graceMs = 500
const env = { GATEHOUSE_GRACE: `${graceMs}ms` }

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
})

afterAll(async () => {
  await Promise.all([postgres?.stop(), redis?.stop()])
})

/** The kinds of state that stand in a slot within the next 50 ms. */
async function watchSlot(slot: string): Promise<readonly string[]> {
  const kinds = new Set<string>()
  for (let look = 0; look < 10; look++) {
    kinds.add(/\n1([LVTN])\|/.exec(await redis.command('GET', slot))?.[1] ?? 'none')
    await pause(5)
  }
  return [...kinds]
}

/** A fill whose write to Redis is under way while the key is revoked; answers with what happened after the receipt. */
async function revokeDuringFill(fleet: Fleet) {
  const filling = nodeAt(fleet, 1)
  const { id, key, digest } = await coldKey(fleet)
  const rotated = await fleet.admin().rotate(id, { graceSeconds: 600 })
  const both = [key, rotated.key]
  await fleet.callers.open(fleet.nodes, 4)
  await warmConnections(fleet, filling)
  filling.links.sql?.hold()
  await fleet.queries.restart()
  const early = fleet.callers.fire([filling], 4, ...both)
  await until('the fill has read', () => new Set(fleet.queries.seenLookups()).size === 2)
  filling.links.redis?.hold('up')
  filling.links.sql?.release()
  const before = await early
  const receipt = await fleet.admin().revoke(id, '5s')
  const during = await fleet.callers.fire(fleet.nodes, 4, ...both)
  filling.links.redis?.release('up')
  const slots = await watchSlot(`${fleet.redisPrefix}:s:${digest}`)
  const after = await fleet.callers.fire(fleet.nodes, 4, ...both)
  return { before, receipt, slots, accepted: acceptedAfter([...during, ...after], receipt.answeredMs) }
}

/** What hangs on a tenant and on an app of another, in memory everywhere and one only in Redis; then both are ended. */
async function endOwners(fleet: Fleet) {
  const admin = fleet.admin()
  const [tenantId, appTenant] = [await admin.tenant(), await admin.tenant()]
  const appId = await admin.app(appTenant)
  const keys = await Promise.all([
    admin.key({ tenantId }),
    admin.key({ tenantId: appTenant, appId, kind: 'app' }),
    admin.key({ tenantId }),
  ])
  const tokens = keys.map(({ key }) => key)
  const [hot = '', ofApp = '', justFilled = ''] = tokens
  await fleet.callers.open(fleet.nodes, 6)
  const before = await fleet.callers.fire(fleet.nodes, 2, hot, ofApp)
  const stream = await fleet.callers.stream(fleet.nodes, 2, 5, hot, ofApp)
  before.push(...(await fleet.callers.fire([nodeAt(fleet, 1)], 1, justFilled)))
  await Promise.all([
    admin.send('PATCH', `/api/v1/tenants/${tenantId}`, { state: 'suspended' }),
    admin.send('PATCH', `/api/v1/apps/${appId}`, { state: 'disabled' }),
  ])
  const answeredMs = machineMs()
  return { tokens, before, answeredMs, stream }
}

describe('five nodes', { timeout: 60_000 }, () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await startFleet({ nodes: 5, postgres, redis, env })
  })

  afterEach(() => fleet.heal())
  afterAll(() => fleet?.close())

  test('revoked while a fill is between its read and its write, in the grace of a rotation: neither secret works', async () => {
    const { before, receipt, slots, accepted } = await revokeDuringFill(fleet)
    expect(statuses(before)).toEqual([200])
    expect(receipt.complete).toBe(true)
    expect(accepted).toEqual([])
    expect(slots).toEqual(['T'])
  })

  test('callers who come while a read from before the revocation is on its way do not get what it brings', async () => {
    const slow = nodeAt(fleet, 1)
    const { id, key, digest } = await coldKey(fleet)
    await warmConnections(fleet, slow)
    slow.links.sql?.hold()
    await fleet.queries.restart()
    const stream = await fleet.callers.stream([slow], 4, 1, key)
    await until('the read has begun', () => fleet.queries.seenLookups().includes(digest))
    const receipt = await fleet.admin().revoke(id, '10s')
    slow.links.sql?.release()
    await slow.recovered()
    const records = await stream.stop()
    expect(receipt.complete).toBe(true)
    expect(acceptedAfter(records, receipt.answeredMs)).toEqual([])
    expect(records.some(({ status, startedMs }) => status === 401 && startedMs > receipt.answeredMs)).toBe(true)
  })

  test('keys revoked in the middle of their first use', async () => {
    await fleet.callers.open(fleet.nodes, 8)
    for (let round = 0; round < 40; round++) {
      const { id, key } = await coldKey(fleet)
      const late = nodeAt(fleet, round % 5)
      late.links.sql?.weather({ delayMs: round % 4 }, 'down')
      late.links.redis?.weather({ delayMs: (round >> 2) % 4 }, 'up')
      const first = fleet.callers.fire(fleet.nodes, 8, key)
      await pause(round % 7)
      const receipt = await fleet.admin(round % 3).revoke(id, '5s')
      const after = await fleet.callers.fire(fleet.nodes, 8, key)
      late.heal()
      expect(receipt.complete).toBe(true)
      expect(acceptedAfter([...(await first), ...after], receipt.answeredMs)).toEqual([])
      expect(statuses(after)).toEqual([401])
    }
  })

  test('every push lost: refused within D', async () => {
    const { receipt, records } = await revokeWithoutPushes(fleet, [redis], 2 * leaseMs)
    const last = lastAcceptedMs(records, receipt.answeredMs)
    report('every push lost', { lastAcceptedAfterReceiptMs: last })
    expect(last).toBeLessThan(leaseMs)
    expect(records.filter(({ status }) => status !== 200 && status !== 401)).toEqual([])
  })

  test('a hot key under continuous traffic', async () => {
    const { id, key } = await coldKey(fleet)
    const stream = await fleet.callers.stream(fleet.nodes, 8, 0, key)
    await pause(300)
    const receipt = await fleet.admin().revoke(id, '5s')
    await pause(500)
    const records = await stream.stop()
    expect(receipt.complete).toBe(true)
    expect(records.length).toBeGreaterThan(1_000)
    expect(acceptedAfter(records, receipt.answeredMs)).toEqual([])
    expect(statuses(records)).toEqual([200, 401])
  })

  test('a tenant suspended and an app disabled, with a slot filled just before and a node that starts just then', async () => {
    const registered = async () =>
      Number((await postgres.query('select count(*) as n from nodes', fleet.databaseUrl))[0]?.n)
    const before = await registered()
    const joining = fleet.join()
    await until('the new node is registered', async () => (await registered()) > before)
    const ended = await endOwners(fleet)
    const sixth = await joining
    await fleet.callers.open([sixth], 6)
    const atSixth = await fleet.callers.fire([sixth], 6, ...ended.tokens)
    const cold = await fleet.callers.fire(fleet.nodes, 6, ...ended.tokens)
    await pause(leaseMs)
    const records = await ended.stream.stop()
    report('tenant and app ended', { lastAcceptedMs: lastAcceptedMs(records, ended.answeredMs) })
    expect(statuses(ended.before)).toEqual([200])
    expect(lastAcceptedMs([...records, ...cold, ...atSixth], ended.answeredMs)).toBeLessThan(leaseMs)
    expect(statuses(await fleet.callers.fire(fleet.nodes, 6, ...ended.tokens))).toEqual([403])
  })

  test('PostgreSQL ends every connection under traffic: known keys do not notice, and what was revoked stays so', async () => {
    const known = await coldKey(fleet)
    const doomed = await coldKey(fleet)
    await fleet.callers.fire(fleet.nodes, 2, known.key, doomed.key)
    const traffic = await fleet.callers.stream(fleet.nodes, 2, 5, known.key)
    const judged = await fleet.callers.stream(fleet.nodes, 2, 5, doomed.key)
    const receipt = await fleet.admin().revoke(doomed.id, '5s')
    for (let round = 0; round < 5; round++) {
      await postgres.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`,
        fleet.databaseUrl,
      )
      await pause(150)
    }
    await Promise.all(fleet.nodes.map((node) => node.recovered()))
    const { key } = await coldKey(fleet)
    expect(statuses(await fleet.callers.fire(fleet.nodes, 4, key))).toEqual([200])
    expect(statuses(await traffic.stop())).toEqual([200])
    expect(receipt.complete).toBe(true)
    expect(acceptedAfter(await judged.stop(), receipt.answeredMs)).toEqual([])
  })
})

describe('without its guard the same is seen to fail', { timeout: 60_000 }, () => {
  const options = () => ({ nodes: 2, postgres, redis, env })

  test('no floors from the log: a fill brings the key back', async () => {
    const { accepted } = await unguarded('floors from the log', options(), revokeDuringFill)
    expect(accepted.length).toBeGreaterThan(0)
  })

  test('no compare-and-set: the late fill overwrites the end of the key in Redis; nobody believes it', async () => {
    const { slots, accepted } = await unguarded('compare-and-set of fills', options(), revokeDuringFill)
    expect(slots).toContain('V')
    expect(accepted).toEqual([])
  })

  test('no beats and no lease: a node without pushes goes on', async () => {
    const { receipt, records } = await unguarded('beats and lease', options(), (fleet) =>
      revokeWithoutPushes(fleet, [redis], 2 * leaseMs),
    )
    expect(lastAcceptedMs(records, receipt.answeredMs)).toBeGreaterThan(leaseMs + graceMs)
  })

  test('hits that are not judged: a hot key lives on', async () => {
    const { accepted } = await unguarded('judging of hits', options(), revokeDuringFill)
    expect(accepted.length).toBeGreaterThan(0)
  })

  test('keys that do not hang on their owners', async () => {
    const last = await unguarded('owners as subjects', options(), async (fleet) => {
      const { answeredMs, stream } = await endOwners(fleet)
      await pause(1.5 * leaseMs)
      return lastAcceptedMs(await stream.stop(), answeredMs)
    })
    expect(last).toBeGreaterThan(leaseMs)
  })
})
