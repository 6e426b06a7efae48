import { afterAll, beforeAll } from 'vitest'
import { type RedisCluster, startRedisCluster } from '../../test/servers/redis-cluster.ts'
import { systemClock } from '../kernel/clock.ts'
import { sharedTierSuite } from '../testing/shared-tier-suite.ts'
import { sharedTierTextSuite } from '../testing/shared-tier-text-suite.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisTier } from './redis-tier.ts'

let cluster: RedisCluster
let prefixes = 0
beforeAll(async () => {
  cluster = await startRedisCluster(3, 0)
})
afterAll(() => cluster.stop())

async function open() {
  const prefix = `t${prefixes++}`
  const connect = () => connectRedis({ url: cluster.url, prefix, clock: systemClock, commandTimeoutMs: 1000 })
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

sharedTierSuite('Redis Cluster tier', open)
sharedTierTextSuite('Redis Cluster tier, written by others', open)
