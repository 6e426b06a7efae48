import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFaultProxy } from '../../src/testing/fault-proxy.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { startRedis, startReplica } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { acceptedAfter } from './acceptances.ts'
import { type Fleet, type FleetOptions, startFleet, unguarded } from './fleet.ts'
import { startTellingPostgres } from './query-log.ts'
import { coldKey, statuses } from './storm.ts'

let postgres: PostgresServer

beforeAll(async () => {
  postgres = await startTellingPostgres()
})

afterAll(() => postgres?.stop())

interface Pair {
  readonly redis: { readonly url: string; readonly port: number }
  /** Whether both hold the key's slot, or only the first its end. */
  slot(name: string): Promise<readonly string[]>
  stopReplication(): void
  /** The master dies, and its replica takes its place and its address. */
  failover(): Promise<void>
  close(): Promise<void>
}

async function startPair(): Promise<Pair> {
  const master = await startRedis()
  const link = await createFaultProxy({ target: master })
  const replica = await startReplica(link)
  let place: Awaited<ReturnType<typeof createFaultProxy>> | undefined
  return {
    redis: { url: master.url, port: master.port },
    slot: (name) => Promise.all([master, replica].map((server) => (server.running ? server.command('GET', name) : ''))),
    stopReplication: () => link.blackHole(),
    async failover() {
      await master.kill()
      await replica.promote()
      place = await createFaultProxy({ port: master.port, target: replica })
    },
    async close() {
      await place?.close()
      await link.close()
      await Promise.all([master.stop(), replica.stop()])
    },
  }
}

/** A hot key is revoked, the only Redis that has heard of it dies, and its replica brings the key's value back. */
async function resurrect(fleet: Fleet, pair: Pair) {
  const { id, key, digest } = await coldKey(fleet)
  const slot = `${fleet.redisPrefix}:s:${digest}`
  await fleet.callers.fire(fleet.nodes, 2, key)
  await until('the value is copied', async () => (await pair.slot(slot)).every((text) => text.includes('1V|')))
  pair.stopReplication()
  const stream = await fleet.callers.stream(fleet.nodes, 4, 1, key)
  const receipt = await fleet.admin().revoke(id, '5s')
  const [end = ''] = await pair.slot(slot)
  await pair.failover()
  const [, back = ''] = await pair.slot(slot)
  const fresh = await fleet.join()
  for (const node of fleet.nodes) await node.recovered()
  await fleet.callers.open(fleet.nodes, 8)
  const late = await fleet.callers.fire([fresh, ...fleet.nodes.slice(0, -1)], 8, key)
  const records = [...(await stream.stop()), ...late]
  return { receipt, end, back, late, accepted: acceptedAfter(records, receipt.answeredMs) }
}

async function withPair<R>(story: (options: FleetOptions, pair: Pair) => Promise<R>): Promise<R> {
  const pair = await startPair()
  try {
    return await story({ nodes: 2, postgres, redis: pair.redis, proxied: { sql: false } }, pair)
  } finally {
    await pair.close()
  }
}

test('a failover that forgets a revocation brings nothing back', { timeout: 60_000 }, async () => {
  await withPair(async (options, pair) => {
    const fleet = await startFleet(options)
    try {
      const { receipt, end, back, late, accepted } = await resurrect(fleet, pair)
      expect(receipt.complete).toBe(true)
      expect([end, back]).toEqual([expect.stringContaining('1T|'), expect.stringContaining('1V|')])
      expect(accepted).toEqual([])
      expect(statuses(late)).toEqual([401])
    } finally {
      await fleet.close()
    }
  })
})

test('without floors it does', { timeout: 60_000 }, async () => {
  const { accepted } = await withPair((options, pair) =>
    unguarded('floors', options, (fleet) => resurrect(fleet, pair)),
  )
  expect(accepted.length).toBeGreaterThan(0)
})
