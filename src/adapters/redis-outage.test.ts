import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis, startReplica } from '../../test/servers/redis.ts'
import { until } from '../../test/servers/until.ts'
import type { SharedTier } from '../cache/shared-tier.ts'
import type { SlotState } from '../cache/slot.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Fault } from '../kernel/fault.ts'
import { createFaultProxy } from '../testing/fault-proxy.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisTier } from './redis-tier.ts'

const timeoutMs = 300
const hour = 3_600_000
const state: SlotState = { kind: 'value', at: { seq: 5, mark: 'abc' }, payload: 'the-payload' }

let server: RedisServer
beforeEach(async () => {
  server = await startRedis()
  return () => server.stop()
})

async function connect(url = server.url) {
  const changes: string[] = []
  const connection = await connectRedis({
    url,
    clock: systemClock,
    commandTimeoutMs: timeoutMs,
    onState: (change) => changes.push(change),
  })
  onTestFinished(() => connection.close())
  return { connection, tier: createRedisTier(connection), changes }
}

async function connected(url?: string) {
  const made = await connect(url)
  await made.connection.ready(5000)
  return made
}

/** The fault that an operation ends with, and how long that took. */
async function failure(work: Promise<unknown>): Promise<{ fault: Fault; tookMs: number }> {
  const started = performance.now()
  const fault = await work.then(
    () => expect.unreachable('it should have failed'),
    (error: Fault) => error,
  )
  expect(fault.code).toBe('tier.unavailable')
  expect(JSON.stringify([fault.message, fault.stack, fault.cause, Object.entries(fault.cause ?? {})])).not.toMatch(
    /the-payload|secret-slot/,
  )
  return { fault, tookMs: performance.now() - started }
}

const works = (tier: SharedTier) =>
  tier.merge('probe', state, hour).then(
    () => true,
    () => false,
  )

test('a flushed Redis has forgotten leases and values: a late holder changes nothing', async () => {
  const { tier } = await connected()
  await tier.readOrLease('a', 'one', hour)
  await server.command('FLUSHALL')
  expect(await tier.swap('a', '1L|one|', state, hour)).toBe(false)
  expect(await tier.readOrLease('a', 'two', hour)).toEqual({ kind: 'leased' })
})

test('scripts that Redis has forgotten are sent again', async () => {
  const { tier } = await connected()
  for (let round = 0; round < 3; round++) {
    await server.command('SCRIPT', 'FLUSH')
    const slots = Array.from({ length: 20 }, (_, index) => `forgotten-${round}-${index}`)
    const reads = await Promise.all(slots.map((slot) => tier.readOrLease(slot, 'one', hour)))
    expect(reads.every(({ kind }) => kind === 'leased')).toBe(true)
    await server.command('SCRIPT', 'FLUSH')
    expect(await tier.swap(`forgotten-${round}-0`, '1L|one|', state, hour)).toBe(true)
    await server.command('SCRIPT', 'FLUSH')
    await tier.merge(`forgotten-${round}-1`, state, hour)
  }
})

test('a killed Redis fails all at once, in flight and later, and is used again when it is back', async () => {
  const { tier, changes, connection } = await connected()
  server.pause()
  const inFlight = Array.from({ length: 10 }, (_, index) => failure(tier.merge(`secret-slot-${index}`, state, hour)))
  await server.kill()
  for (const { tookMs } of await Promise.all(inFlight)) expect(tookMs).toBeLessThan(timeoutMs + 250)
  await until('the loss is noticed', () => !connection.isUp)
  const { tookMs } = await failure(tier.merge('secret-slot', state, hour))
  expect(tookMs).toBeLessThan(50)
  await failure(tier.readOrLease('secret-slot', 'one', hour))
  await failure(tier.swap('secret-slot', '1L|one|', state, hour))
  await server.start()
  await until('the tier works again', () => works(tier), 5000)
  expect(changes).toEqual(['up', 'down', 'up'])
})

test('what was in flight when the connection was lost is not sent again', async () => {
  const proxy = await createFaultProxy({ target: server })
  onTestFinished(() => proxy.close())
  const { tier } = await connected(`redis://127.0.0.1:${proxy.port}`)
  await tier.merge('warm', state, hour)
  proxy.hold('up')
  const lost = failure(tier.merge('secret-slot', state, hour))
  await until('the command is held', () => proxy.held('up') > 0)
  proxy.cut()
  await lost
  proxy.release('up')
  await until('the tier works again', () => works(tier), 5000)
  expect(await tier.readOrLease('secret-slot', 'one', hour)).toEqual({ kind: 'leased' })
})

test('a frozen Redis costs no call more than the timeout, and is used again when it thaws', async () => {
  const { tier } = await connected()
  server.pause()
  for (let round = 0; round < 6; round++) {
    const { tookMs } = await failure(tier.readOrLease('secret-slot', `lease-${round}`, hour))
    expect(tookMs).toBeLessThan(timeoutMs + 250)
  }
  server.resume()
  await until('the tier works again', () => works(tier), 5000)
})

test('a link that swallows everything is given up and replaced by one that works', async () => {
  const proxy = await createFaultProxy({ target: server })
  onTestFinished(() => proxy.close())
  const { tier } = await connected(`redis://127.0.0.1:${proxy.port}`)
  await tier.merge('warm', state, hour)
  proxy.halfOpen()
  await failure(tier.readOrLease('secret-slot', 'one', hour))
  await until('a new link is used', () => works(tier), 5000)
})

test('after a failover behind the same address writes go to the new master', async () => {
  const replica = await startReplica(server)
  onTestFinished(() => replica.stop())
  const { tier, connection } = await connected()
  // The address now leads to a server that has become a replica, on a connection that still stands.
  await server.command('REPLICAOF', '127.0.0.1', '1')
  const { fault } = await failure(tier.merge('secret-slot', state, hour))
  expect(fault.message).toContain('READONLY')
  await until('the connection is made anew', () => connection.client.status === 'ready')
  await server.promote()
  await until('the tier works again', () => works(tier), 5000)
})

test('a full Redis still answers what it holds, and says so for the rest', async () => {
  const { tier } = await connected()
  await tier.merge('kept', state, hour)
  await server.command('CONFIG', 'SET', 'maxmemory', '1')
  expect(await tier.readOrLease('kept', 'one', hour)).toMatchObject({ kind: 'state', state })
  const { fault } = await failure(tier.readOrLease('secret-slot', 'one', hour))
  expect(fault.message).toContain('OOM')
  expect(await tier.swap('kept', '1V|5.abc|', null, 0)).toBe(true)
  await server.command('CONFIG', 'SET', 'maxmemory', '0')
  expect(await tier.readOrLease('kept', 'one', hour)).toEqual({ kind: 'leased' })
})

test('a Redis that is away at the start is an error only for who waits for it', async () => {
  await server.stop()
  const { connection, tier, changes } = await connect()
  const { fault } = await failure(connection.ready(200))
  expect(fault.message).toContain('ECONNREFUSED')
  expect((await failure(tier.merge('secret-slot', state, hour))).tookMs).toBeLessThan(50)
  await server.start()
  await connection.ready(5000)
  await tier.merge('a', state, hour)
  expect(changes).toEqual(['up'])
})

test('a wrong password is named as the cause, and never shown', async () => {
  await server.command('CONFIG', 'SET', 'requirepass', 'right')
  const { connection } = await connect(server.url.replace('redis://', 'redis://:the-wrong-one@'))
  const { fault } = await failure(connection.ready(500))
  expect(fault.message).toContain('WRONGPASS')
  expect(`${fault.message}${fault.cause}`).not.toContain('the-wrong-one')
})

test('a driver that has given up is started again, until the connection is closed', async () => {
  const { connection, tier } = await connected()
  connection.client.disconnect()
  await until('it has ended', () => connection.client.status === 'end')
  await until('the tier works again', () => works(tier), 5000)
  await connection.close()
  await until('it has ended', () => connection.client.status === 'end')
  await failure(tier.merge('secret-slot', state, hour))
})
