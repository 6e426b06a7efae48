import { createMemoryBus, createMemoryPush } from './adapters/memory-push.ts'
import { createMemoryTier } from './adapters/memory-tier.ts'
import type { RedisConnection } from './adapters/redis-connection.ts'
import { openDatabase, type SqlDatabase } from './adapters/sql-database.ts'
import { guardTier } from './cache/guarded-tier.ts'
import type { Push, SharedTier } from './cache/shared-tier.ts'
import type { NodeState } from './http/contract.ts'
import type { Clock } from './kernel/clock.ts'
import { Fault } from './kernel/fault.ts'
import type { Settings } from './settings.ts'

/** Everything outside the process, behind its ports. */
export interface Stores {
  readonly db: SqlDatabase
  readonly tier: SharedTier
  readonly push: Push
  readonly sharedKind: NodeState['tiers']['shared']['kind']
  readonly sharedUp: () => boolean
  close(): Promise<void>
}

export interface StoreEvents {
  readonly onShared: (state: 'up' | 'down' | 'open' | 'closed', cause?: unknown) => void
  /** Messages may have been missed: the log should be read now. */
  readonly onSubscribed: () => void
}

/** How long an unreachable Redis is waited for at start, ms. */
const redisStartMs = 5_000

export async function openStores(settings: Settings, clock: Clock, events: StoreEvents): Promise<Stores> {
  const db = await openDatabase({ url: settings.databaseUrl, poolSize: settings.dbPool, clock })
  try {
    return settings.redisUrl === null
      ? inProcess(db, clock)
      : await overRedis(db, settings.redisUrl, settings, clock, events)
  } catch (cause) {
    await db.close()
    throw cause
  }
}

/** One process, or several that hear each other through the database. */
function inProcess(db: SqlDatabase, clock: Clock): Stores {
  const push = db.push ?? createMemoryPush(createMemoryBus())
  return {
    db,
    push,
    tier: createMemoryTier({ clock }),
    sharedKind: 'in-process',
    sharedUp: () => true,
    async close() {
      await push.close()
      await db.close()
    },
  }
}

async function overRedis(
  db: SqlDatabase,
  url: string,
  { redisPrefix }: Settings,
  clock: Clock,
  { onShared, onSubscribed }: StoreEvents,
): Promise<Stores> {
  // The driver is loaded only where it is used: a node without Redis starts without it.
  const { connectRedis } = await import('./adapters/redis-connection.ts')
  const { createRedisTier } = await import('./adapters/redis-tier.ts')
  const { createRedisPush } = await import('./adapters/redis-push.ts')
  const { parseRedisUrl } = await import('./adapters/redis-url.ts')
  const connection = await connectRedis({ url, prefix: redisPrefix, clock, onState: onShared, commandTimeoutMs })
  await reached(connection)
  const push = createRedisPush(connection, { onSubscribed })
  return {
    db,
    push,
    tier: guardTier(createRedisTier(connection), { clock, onState: onShared }),
    sharedKind: sharedKinds[parseRedisUrl(url).kind],
    sharedUp: () => connection.isUp,
    async close() {
      await push.close()
      await connection.close()
      await db.close()
    },
  }
}

const sharedKinds = { single: 'redis', cluster: 'redis-cluster', sentinel: 'redis-sentinel' } as const

/** Only to be rid of lost commands: checks wait for less, as the tier's guard says, and that guard knows a stalled process. */
const commandTimeoutMs = 500

async function reached(connection: RedisConnection): Promise<void> {
  try {
    await connection.ready(redisStartMs)
  } catch (cause) {
    await connection.close()
    throw new Fault('setting.invalid', {
      public: `REDIS_URL names a Redis that did not answer within ${redisStartMs / 1000} s`,
      fix: 'Start it, mend the address, or leave REDIS_URL out to run on one process',
      cause,
    })
  }
}
