import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findBinary } from '../../test/servers/find-binary.ts'
import { freePort } from '../../test/servers/free-port.ts'
import { createRedis, type RedisServer, startRedis, startReplica } from '../../test/servers/redis.ts'
import { scratchDirectory } from '../../test/servers/scratch.ts'
import { ServerProcess } from '../../test/servers/server-process.ts'
import { until } from '../../test/servers/until.ts'
import type { SlotState } from '../cache/slot.ts'
import { systemClock } from '../kernel/clock.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisPush } from './redis-push.ts'
import { createRedisTier } from './redis-tier.ts'

/** One sentinel that watches `master` as `main` and needs nobody's consent to fail it over. */
async function startSentinel(master: RedisServer): Promise<ServerProcess> {
  const [command, port, dir] = [await findBinary('redis-server'), await freePort(), scratchDirectory('sentinel')]
  const config = join(dir, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  // Only asked things, never told any: the wrapper of a plain server is enough for that.
  const asked = createRedis(command, port, {})
  const isReady = async () => {
    const told = await asked.command('INFO', 'sentinel').catch(() => '')
    return told.includes('status=ok') && told.includes('slaves=1')
  }
  const sentinel = new ServerProcess({ name: 'Sentinel', command, args: [config, '--sentinel'], port, dir, isReady })
  await sentinel.start()
  return sentinel
}

test('behind sentinels the new master is found, for commands and for messages', async () => {
  const master = await startRedis()
  onTestFinished(() => master.stop())
  const replica = await startReplica(master)
  onTestFinished(() => replica.stop())
  const sentinel = await startSentinel(master)
  onTestFinished(() => sentinel.stop())

  const url = `redis+sentinel://127.0.0.1:${sentinel.port}/main`
  const connection = await connectRedis({ url, clock: systemClock, commandTimeoutMs: 300 })
  onTestFinished(() => connection.close())
  await connection.ready(5000)
  const tier = createRedisTier(connection)
  let subscribed = 0
  const push = createRedisPush(connection, { onSubscribed: () => subscribed++ })
  onTestFinished(() => push.close())
  const heard: string[] = []
  await push.subscribe((message) => heard.push(message))
  expect(subscribed).toBe(1)

  const state: SlotState = { kind: 'terminal', at: { seq: 5, mark: 'abc' }, payload: '' }
  const works = () =>
    tier.merge('slot', state, 60_000).then(
      () => true,
      () => false,
    )
  expect(await works()).toBe(true)
  await master.kill()
  expect(await works()).toBe(false)
  await until('the new master is used', works, 15_000)
  expect(await replica.command('EXISTS', 'gh:s:slot')).toContain('1')
  await until('messages flow again', async () => {
    await push.publish('after').catch(() => {})
    return subscribed === 2 && heard.includes('after')
  })
}, 40_000)
