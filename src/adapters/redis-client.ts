import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import type { RedisAddress } from './redis-url.ts'

/*
 * How this client must be set, for a tier that may fail at any time and must never make a check wait:
 * - no offline queue, no re-sending: a command fails at once while there is no connection, and is never sent twice;
 * - a command timeout, and a socket timeout that ends a link on which nothing comes back (half-open, black hole);
 * - no auto-pipelining: it delays a lone command to the end of the turn, lets a batch wait for the whole batch before
 *   it, and in a Cluster answers MOVED for all of a batch. Writes of one turn are gathered at the socket instead.
 */

/** The driver, which is loaded only where Redis is used. */
export type Driver = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>

/** The driver's own type does not agree with itself under `exactOptionalPropertyTypes`. */
type NodeOptions = Omit<RedisOptions, 'replyMapping'>

/** Longest silence on a connection that awaits replies, before it is given up. */
const silenceMs = 1000
const connectMs = 2000

export function nodeOptionsOf(address: RedisAddress, commandTimeoutMs: number): NodeOptions {
  return {
    ...(address.username && { username: address.username }),
    ...(address.password && { password: address.password }),
    ...(address.tls && { tls: {} }),
    ...('db' in address && { db: address.db }),
    commandTimeout: commandTimeoutMs,
    socketTimeout: silenceMs,
    connectTimeout: connectMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectionName: 'gatehouse',
  }
}

export function openClient(driver: Driver, address: RedisAddress, nodeOptions: NodeOptions): Redis | Cluster {
  if (address.kind === 'cluster') return openCluster(driver, address, nodeOptions)
  const client = new driver.Redis({
    ...nodeOptions,
    ...targetOf(address),
    enableOfflineQueue: false,
    retryStrategy: backoffMs,
    // After a failover the old master refuses writes on a connection that still stands.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  })
  gatherWrites(client)
  return client
}

function openCluster(
  driver: Driver,
  address: RedisAddress & { readonly kind: 'cluster' },
  nodeOptions: NodeOptions,
): Cluster {
  const clusterOptions = {
    redisOptions: nodeOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: backoffMs,
    // 0: a command that was on a lost connection, or met a Cluster that is down, fails; it is not sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: 5000,
    slotsRefreshTimeout: silenceMs,
    // Certificates name hosts: with TLS, names are kept as they are.
    ...(address.tls && { dnsLookup: keepName }),
  } satisfies ClusterOptions
  const cluster = new driver.Cluster([...address.nodes], clusterOptions)
  cluster.on('+node', (node: Redis) => {
    gatherWrites(node)
    // Otherwise the first command connects, and those that come while it does are refused.
    if (!node.options.readOnly && node.status === 'wait') node.connect().catch(() => {})
  })
  cluster.connect().catch(() => {}) // It goes on trying; `watchState` hears why it failed.
  return cluster
}

const keepName: NonNullable<ClusterOptions['dnsLookup']> = (name, callback) => callback(null, name)

function targetOf(address: RedisAddress & { readonly kind: 'single' | 'sentinel' }): NodeOptions {
  if (address.kind === 'single') return { ...address.node }
  return {
    sentinels: address.sentinels.map((sentinel) => ({ ...sentinel })),
    name: address.master,
    // No failover detector: when it hears of the new master while the driver is connecting, the driver gives up for good.
    // A lost connection or a READONLY answer leads to the new master as well.
    failoverDetector: false,
    sentinelCommandTimeout: silenceMs,
    sentinelRetryStrategy: backoffMs,
    enableTLSForSentinelMode: address.tls,
    ...(address.sentinelUsername && { sentinelUsername: address.sentinelUsername }),
    ...(address.sentinelPassword && { sentinelPassword: address.sentinelPassword }),
  }
}

export function openSubscriber(
  driver: Driver,
  client: Redis | Cluster,
  address: RedisAddress,
  nodeOptions: NodeOptions,
): Redis {
  const target = address.kind === 'cluster' ? anyNode(client, address.nodes) : targetOf(address)
  return new driver.Redis({
    ...nodeOptions,
    ...target,
    lazyConnect: true,
    retryStrategy: null,
    ...(address.kind === 'sentinel' && { sentinelRetryStrategy: () => null }),
    connectionName: 'gatehouse-push',
  })
}

/** Plain messages reach every node of a Cluster, so any will do. */
function anyNode(client: Redis | Cluster, starting: readonly { host: string; port: number }[]): NodeOptions {
  const known = 'nodes' in client ? client.nodes().map(({ options }) => options) : []
  const all = known.length > 0 ? known : starting
  const { host, port } = all[Math.floor(Math.random() * all.length)] ?? {}
  return { ...(host && { host }), ...(port && { port }) }
}

/** Jittered, and never long: a tier that is back should be used again soon. */
export function backoffMs(attempt: number): number {
  const ceiling = Math.min(1000, 25 * 2 ** Math.min(attempt, 10))
  return Math.ceil(ceiling * (0.5 + Math.random() / 2))
}

/** All that is written in one turn of the event loop leaves in one chunk: half as much work per command again. */
function gatherWrites(node: Redis): void {
  node.on('connect', () => {
    const { stream } = node
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    stream.write = (...args: unknown[]) => {
      if (stream.writableCorked === 0) {
        stream.cork()
        process.nextTick(() => stream.uncork())
      }
      return write(...args)
    }
  })
}
