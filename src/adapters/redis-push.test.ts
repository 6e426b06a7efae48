import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type RedisServer, startRedis } from '../../test/servers/redis.ts'
import { startRedisCluster } from '../../test/servers/redis-cluster.ts'
import { until } from '../../test/servers/until.ts'
import { systemClock } from '../kernel/clock.ts'
import { createFaultProxy } from '../testing/fault-proxy.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisPush } from './redis-push.ts'

let server: RedisServer
beforeEach(async () => {
  server = await startRedis()
  return () => server.stop()
})

async function node(url = server.url, prefix = 'gh') {
  const connection = await connectRedis({ url, prefix, clock: systemClock, commandTimeoutMs: 500 })
  let subscribed = 0
  const push = createRedisPush(connection, { onSubscribed: () => subscribed++, pingMs: 200 })
  onTestFinished(async () => {
    await push.close()
    await connection.close()
  })
  const heard: string[] = []
  const listen = () => push.subscribe((message) => heard.push(message))
  return { connection, push, heard, listen, subscribed: () => subscribed }
}

test('what one publishes all hear, oneself too, and other deployments do not', async () => {
  const [one, two, foreign] = [await node(), await node(), await node(server.url, 'other')]
  const end = await one.listen()
  await two.listen()
  await foreign.listen()
  await one.connection.ready(5000)
  await one.push.publish('hello')
  await until('both have heard', () => one.heard.length === 1 && two.heard.length === 1)
  await end()
  await one.push.publish('again')
  await until('the second has heard', () => two.heard.length === 2)
  expect([one.heard, two.heard, foreign.heard]).toEqual([['hello'], ['hello', 'again'], []])
})

test('a lost subscription is made anew, and each time reported', async () => {
  const { connection, push, heard, listen, subscribed } = await node()
  await listen()
  await connection.ready(5000)
  expect(subscribed()).toBe(1)
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await until('it stands again', () => subscribed() === 2, 5000)
  await push.publish('after the kill')
  await until('it is heard', () => heard.length === 1)
  await server.restart()
  await until('it stands again', () => subscribed() === 3 && connection.isUp, 5000)
  await push.publish('after the restart')
  await until('it is heard', () => heard.length === 2)
})

test('a link that died silently is noticed by its pings', async () => {
  const proxy = await createFaultProxy({ target: server })
  onTestFinished(() => proxy.close())
  const { listen, subscribed } = await node(`redis://127.0.0.1:${proxy.port}`)
  await listen()
  expect(subscribed()).toBe(1)
  proxy.halfOpen()
  await until('it stands again', () => subscribed() === 2, 5000)
})

test('subscribing to a Redis that is away waits for the first attempt only, and stands when it is back', async () => {
  await server.stop()
  const { push, listen, subscribed } = await node()
  await listen()
  expect(subscribed()).toBe(0)
  await expect(push.publish('nobody')).rejects.toMatchObject({ code: 'tier.unavailable' })
  await server.start()
  await until('it stands', () => subscribed() === 1, 5000)
})

test('in a Cluster a message reaches nodes that listen anywhere, also after a node is gone', async () => {
  const cluster = await startRedisCluster(3, 1)
  onTestFinished(() => cluster.stop())
  const nodes = await Promise.all(Array.from({ length: 4 }, () => node(cluster.url)))
  for (const one of nodes) {
    await one.connection.ready(5000)
    await one.listen()
  }
  const publisher = nodes[0]
  if (!publisher) throw new Error('no node')
  await publisher.push.publish('before')
  await until('all have heard', () => nodes.every(({ heard }) => heard.includes('before')))
  await cluster.failover('any', 'kill')
  const reached = async (message: string) => {
    await publisher.push.publish(message).catch(() => {})
    return nodes.every(({ heard }) => heard.includes('after'))
  }
  await until('all have heard', () => reached('after'), 10_000)
}, 40_000)
