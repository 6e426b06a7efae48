import { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import { isRunning } from './process-tree.ts'
import { type RedisServer, startRedis, startReplica } from './redis.ts'
import { until } from './until.ts'

const servers: RedisServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function started(starting: Promise<RedisServer>): Promise<RedisServer> {
  const server = await starting
  servers.push(server)
  return server
}

async function withClient<T>(port: number, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({ port, host: '127.0.0.1', commandTimeout: 500, retryStrategy: null })
  client.on('error', () => undefined)
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}

test('a started Redis answers a client, and none of it is left after the stop', async () => {
  const redis = await started(startRedis())
  expect(await withClient(redis.port, (client) => client.ping())).toBe('PONG')
  const { pid } = redis
  await redis.stop()
  expect(isRunning(pid)).toBe(false)
  expect(redis.running).toBe(false)
})

test('a frozen Redis keeps its connections and answers when it is resumed', async () => {
  const redis = await started(startRedis())
  await withClient(redis.port, async (client) => {
    await client.set('k', 'v')
    redis.pause()
    await expect(client.get('k')).rejects.toThrow(/timed out/)
    redis.resume()
    expect(await client.get('k')).toBe('v')
  })
})

test('a frozen Redis can be stopped', async () => {
  const redis = await started(startRedis())
  redis.pause()
  await redis.stop()
  expect(redis.running).toBe(false)
})

test('a killed Redis comes back on the same port, empty unless it was told to keep', async () => {
  const forgetful = await started(startRedis())
  const careful = await started(startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } }))
  for (const redis of [forgetful, careful]) {
    const { port } = redis
    await withClient(port, (client) => client.set('k', 'v'))
    await redis.kill()
    await redis.start()
    expect(redis.port).toBe(port)
  }
  expect(await withClient(forgetful.port, (client) => client.get('k'))).toBeNull()
  expect(await withClient(careful.port, (client) => client.get('k'))).toBe('v')
})

test('a replica follows its master and takes writes once promoted', async () => {
  const master = await started(startRedis())
  const replica = await started(startReplica(master))
  await withClient(master.port, (client) => client.set('k', 'v'))
  await until('the write arrives', () => withClient(replica.port, async (client) => (await client.get('k')) === 'v'))
  await master.kill()
  await replica.promote()
  expect(await withClient(replica.port, (client) => client.set('k', 'w'))).toBe('OK')
})
