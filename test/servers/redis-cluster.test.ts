import { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isRunning } from './process-tree.ts'
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts'

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await startRedisCluster(3, 1)
})

afterAll(async () => {
  const pids = cluster.nodes.filter((node) => node.running).map((node) => node.pid)
  await cluster.stop()
  expect(pids.filter(isRunning)).toEqual([])
})

async function withClient<T>(use: (client: Cluster) => Promise<T>): Promise<T> {
  const nodes = cluster.nodes.filter((node) => node.running).map((node) => ({ host: node.host, port: node.port }))
  const client = new Cluster(nodes, { redisOptions: { commandTimeout: 2000 } })
  client.on('error', () => undefined)
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}

test('a cluster serves every slot', async () => {
  await withClient(async (client) => {
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`)
    await Promise.all(keys.map((key) => client.set(key, key)))
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
  })
})

test('a planned hand-over loses no acknowledged write', async () => {
  await withClient((client) => client.set('planned', 'v'))
  const { from, to } = await cluster.failover('planned', 'planned')
  expect(to).not.toBe(from)
  expect(await withClient((client) => client.get('planned'))).toBe('v')
})

test('a killed master is replaced by its replica', async () => {
  const before = await cluster.masterOf('killed')
  await withClient((client) => client.set('killed', 'v'))
  await before.command('WAIT', '1', '1000')
  const { from, to } = await cluster.failover('killed')
  expect(from).toBe(before)
  expect(from.running).toBe(false)
  expect(await cluster.masterOf('killed')).toBe(to)
  expect(await withClient((client) => client.set('killed', 'w'))).toBe('OK')
})
