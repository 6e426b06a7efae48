import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RedisCluster, startRedisCluster } from '../../test/servers/redis-cluster.ts'
import { until } from '../../test/servers/until.ts'
import type { SharedTier } from '../cache/shared-tier.ts'
import type { SlotState } from '../cache/slot.ts'
import { systemClock } from '../kernel/clock.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'
import { createRedisTier } from './redis-tier.ts'

const hour = 3_600_000
const timeoutMs = 300
const state: SlotState = { kind: 'value', at: { seq: 5, mark: 'abc' }, payload: 'payload' }

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster(3, 1)
})
afterAll(() => cluster.stop())

let connection: RedisConnection
let tier: SharedTier
beforeEach(async () => {
  connection = await connectRedis({ url: cluster.url, clock: systemClock, commandTimeoutMs: timeoutMs })
  await connection.ready(5000)
  tier = createRedisTier(connection)
  return () => connection.close()
})

/** How an operation ended, and within what time. */
async function outcome(work: Promise<unknown>): Promise<string> {
  const started = performance.now()
  const code = await work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )
  expect(performance.now() - started).toBeLessThan(timeoutMs + 250)
  return code
}

test('a slot that has moved is found at its new place by the same call, for every command of the turn', async () => {
  const key = (index: number) => `gh:s:{moved}${index}`
  const slots = Array.from({ length: 20 }, (_, index) => `{moved}${index}`)
  await Promise.all(slots.map((slot) => tier.merge(slot, state, hour)))
  const slot = (await (await cluster.masterOf(key(0))).command('CLUSTER', 'KEYSLOT', key(0))).slice(1).trim()
  const from = await cluster.masterOf(key(0))
  const to = (await Promise.all(cluster.shards.map((shard) => shard.members[0]))).find(
    (node) =>
      node !== undefined &&
      node !== from &&
      !cluster.shards.some((s) => s.members.includes(node) && s.members.includes(from)),
  )
  if (!to) throw new Error('there is no other shard')
  const id = async (node: typeof from) => (await node.command('CLUSTER', 'MYID')).split('\r\n')[1] ?? ''
  const [fromId, toId] = [await id(from), await id(to)]
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
  await from.command('MIGRATE', '127.0.0.1', String(to.port), key(0), '0', '5000')
  // Half way: what has left is asked for at the new place, what has not is still here.
  const half = await Promise.all(slots.map((one) => tier.readOrLease(one, 'one', hour)))
  expect(half.every((read) => read.kind === 'state')).toBe(true)
  for (const index of slots.keys()) {
    if (index > 0) await from.command('MIGRATE', '127.0.0.1', String(to.port), key(index), '0', '5000')
  }
  for (const node of [to, from]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
  const moved = await Promise.all(slots.map((one) => tier.readOrLease(one, 'one', hour)))
  expect(moved.every((read) => read.kind === 'state')).toBe(true)
  expect(await tier.swap('{moved}3', '1V|5.abc|', null, 0)).toBe(true)
})

test('the loss of a master fails calls in time, the other shards go on, and the new master is found', async () => {
  await tier.merge('lost', state, hour)
  const holder = await cluster.masterOf('gh:s:lost')
  const elsewhere = await slotElsewhere(holder.port)
  const failover = cluster.failover('gh:s:lost', 'kill')
  await until('a call fails', async () => (await outcome(tier.readOrLease('lost', 'one', 100))) === 'tier.unavailable')
  expect(await outcome(tier.merge(elsewhere, state, hour))).toBe('done')
  await failover
  await until('the new master is used', async () => (await outcome(tier.merge('lost', state, hour))) === 'done', 5000)
}, 40_000)

test('a master that freezes is left when its replica takes over, and does not count when it thaws', async () => {
  // Of another shard than the one that lost a member above.
  const frozen = await slotElsewhere((await cluster.masterOf('gh:s:lost')).port)
  const holder = await cluster.masterOf(`gh:s:${frozen}`)
  await tier.merge(frozen, state, hour)
  holder.pause()
  try {
    expect(await outcome(tier.merge(frozen, state, hour))).toBe('tier.unavailable')
    await until(
      'the new master is used',
      async () => (await outcome(tier.merge(frozen, state, hour))) === 'done',
      15_000,
    )
  } finally {
    holder.resume()
  }
  await until('all is well', async () => (await outcome(tier.merge(frozen, state, hour))) === 'done')
}, 40_000)

test('a Cluster that was away as a whole is used again when it is back', async () => {
  const running = cluster.nodes.filter((node) => node.running)
  await Promise.all(running.map((node) => node.kill()))
  expect(await outcome(tier.merge('away', state, hour))).toBe('tier.unavailable')
  await until('the loss is noticed', () => !connection.isUp)
  await Promise.all(running.map((node) => node.start()))
  await until('it is used again', async () => (await outcome(tier.merge('away', state, hour))) === 'done', 15_000)
}, 40_000)

/** A slot that another master holds. */
async function slotElsewhere(port: number): Promise<string> {
  for (let index = 0; ; index++) {
    const master = await cluster.masterOf(`gh:s:elsewhere-${index}`)
    if (master.port !== port) return `elsewhere-${index}`
  }
}
