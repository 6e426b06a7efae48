import type { Redis } from 'ioredis'
import type { RedisConnection } from './redis-connection.ts'
import type { StoreFacts } from './store-facts.ts'

/** Asks every master who it is; the connection must be ready. */
export async function redisFacts({ client, ask }: RedisConnection): Promise<readonly StoreFacts[]> {
  const masters: readonly Redis[] = 'nodes' in client ? client.nodes('master') : [client]
  return await Promise.all(
    masters.map(async (master) => {
      const [info, [seconds, micros]] = await ask(() => Promise.all([master.info('server'), master.time()]))
      const line = (name: string) => new RegExp(`^${name}:(.+?)\\r?$`, 'm').exec(info)?.[1]
      const valkey = line('valkey_version')
      return {
        version: valkey ? `Valkey ${valkey}` : `Redis ${line('redis_version') ?? 'unknown'}`,
        wallMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000),
      }
    }),
  )
}
