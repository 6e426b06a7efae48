import type { Cluster, Redis } from 'ioredis'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { backoffMs, type Driver, nodeOptionsOf, openClient, openSubscriber } from './redis-client.ts'
import { parseRedisUrl, type RedisAddress } from './redis-url.ts'

export interface RedisConnectionOptions {
  /** See `parseRedisUrl`. */
  readonly url: string
  /** Before every key and channel, so that several deployments may share one Redis; `gh` by default. */
  readonly prefix?: string
  /** Longest time a command may take; 150 ms by default. */
  readonly commandTimeoutMs?: number
  readonly clock: Clock
  /** One call per change; the first is `up`, when the first connection stands. */
  readonly onState?: (state: 'up' | 'down', cause?: Error) => void
}

export interface RedisConnection {
  /** For the adapters in this folder, and whoever else needs the same Redis. */
  readonly client: Redis | Cluster
  readonly prefix: string
  readonly clock: Clock
  readonly commandTimeoutMs: number
  readonly isUp: boolean
  /** Resolves when commands can be sent, to every master of a Cluster; else throws `Fault('tier.unavailable')`. */
  ready(timeoutMs: number): Promise<void>
  /** Sends a command; throws `Fault('tier.unavailable')`, which holds nothing that was sent, when no answer came. */
  ask<T>(command: () => Promise<T>): Promise<T>
  /** A connection for a subscription, to any node. It is not connected yet, does not reconnect, and is the caller's. */
  openSubscriber(): Redis
  close(): Promise<void>
}

/** The map of a Cluster is asked for again at most so often because of failures. */
const mapPauseMs = 250

/**
 * Starts connecting to what `url` names and keeps at it. Does not wait: whether an unreachable Redis matters is the
 * caller's to say, with `ready`. Throws `Fault('setting.invalid')` for a URL that cannot be read.
 */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const address = parseRedisUrl(options.url)
  const driver = await import('ioredis')
  return connection(driver, address, options)
}

function connection(driver: Driver, address: RedisAddress, options: RedisConnectionOptions): RedisConnection {
  const { prefix = 'gh', commandTimeoutMs = 150, clock, onState } = options
  const nodeOptions = nodeOptionsOf(address, commandTimeoutMs)
  const client = openClient(driver, address, nodeOptions)
  const watch = watchState(client, clock, onState)
  let mapAskedMs = Number.NEGATIVE_INFINITY

  /** A failure may mean that the Cluster has changed; a node that is merely gone tells nobody. */
  function refreshMap(): void {
    if (!('refreshSlotsCache' in client) || clock.mono() - mapAskedMs < mapPauseMs) return
    mapAskedMs = clock.mono()
    client.refreshSlotsCache()
  }

  return {
    client,
    prefix,
    clock,
    commandTimeoutMs,
    get isUp() {
      return watch.isUp()
    },
    ready: (timeoutMs) => untilReady(client, clock, timeoutMs, watch.lastError),
    async ask(command) {
      try {
        return await command()
      } catch (error) {
        refreshMap()
        throw unavailable(error)
      }
    },
    openSubscriber: () => openSubscriber(driver, client, address, nodeOptions),
    async close() {
      watch.stop()
      client.disconnect()
    },
  }
}

function watchState(client: Redis | Cluster, clock: Clock, onState: RedisConnectionOptions['onState']) {
  let isUp = false
  let stopped = false
  let lastError: Error | undefined
  let revivals = 0
  let cancelRevival = () => {}
  const say = (next: boolean) => {
    if (isUp === next) return
    isUp = next
    if (!stopped) onState?.(next ? 'up' : 'down', next ? undefined : lastError)
    lastError = undefined
  }
  client.on('ready', () => {
    revivals = 0
    say(true)
  })
  for (const event of ['close', 'reconnecting', 'end']) client.on(event, () => say(false))
  // Some failures make the driver give up for good; only `close` may do that.
  client.on('end', () => {
    if (stopped) return
    cancelRevival = clock.after(backoffMs(++revivals), () => client.connect().catch(() => {}))
  })
  // Without a listener an `error` event would end the process.
  for (const event of ['error', 'node error']) {
    client.on(event, (error: Error) => {
      lastError = presentable(error)
    })
  }
  return {
    isUp: () => isUp,
    lastError: () => lastError,
    stop: () => {
      stopped = true
      cancelRevival()
    },
  }
}

async function untilReady(
  client: Redis | Cluster,
  clock: Clock,
  timeoutMs: number,
  lastError: () => Error | undefined,
): Promise<void> {
  const late = Promise.withResolvers<never>()
  late.promise.catch(() => {}) // Nobody may be waiting any more.
  const cancel = clock.after(timeoutMs, () => {
    const cause = lastError()
    late.reject(unavailable(cause ?? new Error(`not connected within ${timeoutMs} ms`)))
  })
  try {
    await Promise.race([becomesReady(client), late.promise])
    if ('nodes' in client) await Promise.race([Promise.all(client.nodes('master').map(becomesReady)), late.promise])
  } finally {
    cancel()
  }
}

function becomesReady(client: Redis | Cluster): Promise<void> {
  if (client.status === 'ready') return Promise.resolve()
  return new Promise((resolve) => client.once('ready', () => resolve()))
}

function unavailable(error: unknown): Fault {
  const cause = presentable(error)
  return new Fault('tier.unavailable', { detail: cause.message, cause })
}

/**
 * The driver's errors carry the command with its arguments, and some of Redis' own messages repeat them: slot contents
 * would reach the log. Kept are the word a reply starts with (`LOADING`, `OOM`) and what is said about connections.
 */
function presentable(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown failure')
  const { name, message } = error
  if (name !== 'ReplyError') return new Error(message.slice(0, 200))
  return new Error(`Redis answered ${/^[A-Z]+/.exec(message)?.[0] ?? 'an error'}`)
}
