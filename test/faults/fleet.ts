import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createFaultProxy, type FaultProxy } from '../../src/testing/fault-proxy.ts'
import type { PostgresServer } from '../servers/postgres.ts'
import { AdminClient } from './admin-client.ts'
import { Callers } from './callers.ts'
import { type FleetNode, type Links, repository, startNode } from './fleet-node.ts'
import type { GuardName } from './guards.ts'
import { QueryLog } from './query-log.ts'
import { withoutGuard } from './without-guard.ts'

export interface FleetOptions {
  readonly nodes: number
  readonly postgres: PostgresServer
  /** `REDIS_URL` of the nodes; with proxies to Redis, of the one server behind them. Absent: no Redis. */
  readonly redis?: { readonly url: string; readonly port?: number } | undefined
  /** Which ways lead through a fault proxy of each node's own. Default: both; a Redis Cluster has none. */
  readonly proxied?: { readonly sql?: boolean; readonly redis?: boolean }
  readonly env?: Readonly<Record<string, string>>
  /** Over `env`, for one node. */
  readonly envOf?: (index: number) => Readonly<Record<string, string>>
  /** The source that the nodes run; a copy without a guard where a test must fail. */
  readonly srcDir?: string
  /** A module that each node loads first. */
  readonly preload?: string
}

/** Several nodes on one database, and those who call them. */
export interface Fleet {
  readonly nodes: readonly FleetNode[]
  /** Of the node at `index`, or the first. */
  admin(index?: number): AdminClient
  readonly callers: Callers
  readonly queries: QueryLog
  readonly databaseUrl: string
  readonly redisPrefix: string
  /** Starts one more node. */
  join(env?: Readonly<Record<string, string>>): Promise<FleetNode>
  /** The names at rest of a key's secrets, which are its slots in the shared tier. */
  digests(keyId: string): Promise<readonly string[]>
  /** Ends all faults and waits until every node is well. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** The first admin key of every fleet. */
export const adminKey = `admin-${randomBytes(16).toString('hex')}`
export const masterKey = randomBytes(32).toString('base64')

/** Starts the nodes one by one for the first (which makes the schema), then the rest at once. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { postgres, redis, proxied = {} } = options
  const databaseUrl = await postgres.createDatabase()
  const redisPrefix = `gh${randomBytes(4).toString('hex')}`
  const proxies: FaultProxy[] = []
  const nodes: FleetNode[] = []
  const clients: AdminClient[] = []
  const callers = new Callers()

  const proxyTo = async (port: number): Promise<FaultProxy> => {
    const proxy = await createFaultProxy({ target: { port } })
    proxies.push(proxy)
    return proxy
  }

  async function start(index: number, env: Readonly<Record<string, string>> = {}): Promise<FleetNode> {
    const links: Links = {
      sql: proxied.sql === false ? undefined : await proxyTo(postgres.port),
      redis: proxied.redis === false || redis?.port === undefined ? undefined : await proxyTo(redis.port),
    }
    const node = await startNode({
      srcDir: options.srcDir ?? join(repository, 'src'),
      links,
      preload: options.preload,
      env: {
        DATABASE_URL: through(databaseUrl, links.sql),
        ...(redis && { REDIS_URL: through(redis.url, links.redis) }),
        GATEHOUSE_REDIS_PREFIX: redisPrefix,
        GATEHOUSE_MASTER_KEY: masterKey,
        GATEHOUSE_ADMIN_KEY: adminKey,
        GATEHOUSE_OPEN_METRICS: 'true',
        LOG_LEVEL: 'warn',
        ...options.env,
        ...options.envOf?.(index),
        ...env,
      },
    })
    nodes[index] = node
    const client = new AdminClient(node.url, adminKey)
    clients[index] = client
    node.id = await client.nodeId()
    return node
  }

  const fleet: Fleet = {
    nodes,
    admin(index = 0) {
      const client = clients[index]
      if (!client) throw new Error(`There is no node ${index}`)
      return client
    },
    callers,
    queries: new QueryLog(postgres, new URL(databaseUrl).pathname.slice(1)),
    databaseUrl,
    redisPrefix,
    join: (env) => start(nodes.length, env),
    async digests(keyId) {
      const rows = await postgres.query(`select digest from key_digests where key_id = '${keyId}'`, databaseUrl)
      return rows.map(({ digest }) => String(digest))
    },
    async heal() {
      for (const node of nodes) node.heal()
      await Promise.all(nodes.filter(({ running }) => running).map((node) => node.recovered()))
    },
    async close() {
      callers.close()
      for (const proxy of proxies) proxy.heal()
      await Promise.all(nodes.map((node) => node.kill()))
      await Promise.all(clients.map((client) => client.close()))
      await Promise.all(proxies.map((proxy) => proxy.close()))
    },
  }
  try {
    await start(0)
    await Promise.all(Array.from({ length: options.nodes - 1 }, (_, index) => start(index + 1)))
  } catch (error) {
    await fleet.close()
    throw error
  }
  return fleet
}

export function nodeAt(fleet: Fleet, index: number): FleetNode {
  const node = fleet.nodes[index]
  if (!node) throw new Error(`There is no node ${index}`)
  return node
}

/** Runs a story against nodes that lack one guard: what a test asserts must then be seen to fail. */
export async function unguarded<R>(
  guard: GuardName,
  options: FleetOptions,
  story: (fleet: Fleet) => Promise<R>,
): Promise<R> {
  const fleet = await startFleet({ ...options, srcDir: withoutGuard(guard) })
  try {
    return await story(fleet)
  } finally {
    await fleet.close()
  }
}

function through(url: string, proxy: FaultProxy | undefined): string {
  if (!proxy) return url
  const changed = new URL(url)
  changed.port = String(proxy.port)
  return changed.href
}
