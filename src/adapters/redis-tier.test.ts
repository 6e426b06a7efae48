import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis } from '../../test/servers/redis.ts'
import { systemClock } from '../kernel/clock.ts'
import { sharedTierSuite } from '../testing/shared-tier-suite.ts'
import { sharedTierTextSuite } from '../testing/shared-tier-text-suite.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisTier } from './redis-tier.ts'

let server: RedisServer
let prefixes = 0
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

async function open() {
  const prefix = `t${prefixes++}`
  const connect = () => connectRedis({ url: server.url, prefix, clock: systemClock, commandTimeoutMs: 1000 })
  const [one, two] = await Promise.all([connect(), connect()])
  await Promise.all([one.ready(5000), two.ready(5000)])
  return {
    tier: createRedisTier(one),
    second: createRedisTier(two),
    plant: async (slot: string, text: string) => {
      await one.client.set(`${prefix}:s:${slot}`, text)
    },
    close: async () => {
      await Promise.all([one.close(), two.close()])
    },
  }
}

sharedTierSuite('Redis tier', open)
sharedTierTextSuite('Redis tier, written by others', open)

test('a key of another type is a miss and is replaced', async () => {
  const { tier, close } = await open()
  onTestFinished(close)
  const key = `t${prefixes - 1}:s:list`
  await server.command('LPUSH', key, 'x')
  expect(await tier.swap('list', '1L|one|', null, 0)).toBe(false)
  expect(await tier.readOrLease('list', 'one', 1000)).toEqual({ kind: 'leased' })
  await server.command('DEL', key)
  await server.command('LPUSH', key, 'x')
  await tier.merge('list', { kind: 'absent', at: { seq: 1, mark: 'a' }, payload: '' }, 1000)
  expect(await tier.readOrLease('list', 'one', 1000)).toMatchObject({ kind: 'state' })
})
