import type { Redis } from 'ioredis'
import type { Push } from '../cache/shared-tier.ts'
import { backoffMs } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface RedisPushOptions {
  /**
   * Told whenever the subscription stands, the first time and after every loss: what was published in between is lost,
   * so the change log should be read at once.
   */
  readonly onSubscribed?: () => void
  /** How often the link is tried, so that one that died silently is noticed; 1 s by default. */
  readonly pingMs?: number
}

/**
 * Messages between nodes by plain publish and subscribe, which a Cluster carries to all its nodes. Subscribes on a
 * connection of its own, opened with the first handler, and opens the next when it is lost. Handlers must not throw.
 */
export function createRedisPush(connection: RedisConnection, options: RedisPushOptions = {}): Push {
  const { clock, client, prefix } = connection
  const { pingMs = 1000, onSubscribed } = options
  const channel = `${prefix}:log`
  const handlers = new Set<(message: string) => void>()
  let link: Redis | undefined
  let attempts = 0
  let closed = false
  let cancelTimer = () => {}
  let firstTry: Promise<void> | undefined

  /** Ends when the subscription stands, or has failed and is to be tried again. */
  async function open(): Promise<void> {
    const next = connection.openSubscriber()
    link = next
    // Only the end counts, which follows every error.
    next.on('error', () => {})
    next.on('message', (from: string, message: string) => {
      if (from === channel) for (const handler of [...handlers]) handler(message)
    })
    next.once('end', () => lost(next))
    try {
      await next.connect()
      await next.subscribe(channel)
      if (link !== next) return
      attempts = 0
      ping(next)
      onSubscribed?.()
    } catch {
      next.disconnect()
      lost(next)
    }
  }

  function ping(own: Redis): void {
    cancelTimer = clock.after(pingMs, () => {
      own.ping().then(
        () => link === own && ping(own),
        () => {
          own.disconnect()
          lost(own)
        },
      )
    })
  }

  function lost(own: Redis): void {
    if (link !== own) return
    link = undefined
    cancelTimer()
    if (!closed) cancelTimer = clock.after(backoffMs(++attempts), () => void open())
  }

  return {
    async publish(message) {
      await connection.ask(() => client.publish(channel, message))
    },
    async subscribe(handler) {
      const entry = (message: string) => handler(message)
      handlers.add(entry)
      firstTry ??= open()
      await firstTry
      return async () => {
        handlers.delete(entry)
      }
    },
    async close() {
      closed = true
      handlers.clear()
      cancelTimer()
      link?.disconnect()
    },
  }
}
