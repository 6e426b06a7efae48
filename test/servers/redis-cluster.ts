import { findBinary } from './find-binary.ts'
import { freePort } from './free-port.ts'
import { createRedis, type RedisServer } from './redis.ts'
import { until } from './until.ts'

const slots = 16_384

/** One master with its replicas, as first laid out; a fail-over changes who is master. */
export interface RedisShard {
  readonly members: readonly RedisServer[]
}

/** A real Redis Cluster on loopback. */
export interface RedisCluster {
  /** The addresses of all nodes, comma-separated, as `REDIS_URL` takes them. */
  readonly url: string
  readonly urls: readonly string[]
  readonly nodes: readonly RedisServer[]
  readonly shards: readonly RedisShard[]
  /** The node that is master for `key` now. */
  masterOf(key: string): Promise<RedisServer>
  /** Every node that holds `key`'s slot, the master first. */
  shardOf(key: string): Promise<readonly RedisServer[]>
  /**
   * Makes a replica of the shard of `key` master and waits until the cluster agrees: `kill` ends the old master with
   * SIGKILL and lets the cluster notice (about 2 s), `planned` hands over in agreement, `takeover` promotes without asking.
   */
  failover(key: string, how?: 'kill' | 'planned' | 'takeover'): Promise<{ from: RedisServer; to: RedisServer }>
  stop(): Promise<void>
}

/** Starts `masters` masters with `replicas` replicas each and waits until all slots are served and copied. */
export async function startRedisCluster(masters = 3, replicas = 1): Promise<RedisCluster> {
  const nodes = await startNodes(masters * (1 + replicas))
  const shards = Array.from({ length: masters }, (_, index) => ({
    members: nodes.filter((_, position) => position % masters === index),
  }))
  try {
    await join(nodes, shards)
  } catch (error) {
    await Promise.all(nodes.map((node) => node.kill()))
    throw error
  }
  return cluster(nodes, shards)
}

async function startNodes(count: number): Promise<readonly RedisServer[]> {
  const command = await findBinary('redis-server')
  const config = {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-node-timeout': '1000',
    'cluster-replica-validity-factor': '0',
    'cluster-announce-ip': '127.0.0.1',
  }
  const nodes: RedisServer[] = []
  for (let index = 0; index < count; index++) {
    // The bus takes port + 10000; a node that finds either taken moves on.
    for (let tries = 1; ; tries++) {
      const node = createRedis(command, await freePort(), { config })
      const started = await node.start().then(
        () => true,
        (error) => {
          if (tries === 5) throw error
          return false
        },
      )
      if (!started) continue
      nodes.push(node)
      break
    }
  }
  return nodes
}

async function join(nodes: readonly RedisServer[], shards: readonly RedisShard[]): Promise<void> {
  const [first] = nodes
  if (!first) throw new Error('A cluster needs at least one node')
  await Promise.all(nodes.map((node, index) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))))
  for (const node of nodes) await node.command('CLUSTER', 'MEET', first.host, String(first.port))
  await until('all nodes know each other', async () => {
    const known = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'NODES')))
    return known.every((text) => nodes.every((node) => text.includes(`:${node.port}@`)) && !text.includes('handshake'))
  })
  for (const [index, shard] of shards.entries()) {
    const [master, ...replicas] = shard.members
    if (!master) continue
    const from = Math.floor((index * slots) / shards.length)
    const to = Math.floor(((index + 1) * slots) / shards.length)
    await master.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => String(from + slot)))
    const id = bulk(await master.command('CLUSTER', 'MYID'))
    for (const replica of replicas) await replica.command('CLUSTER', 'REPLICATE', id)
  }
  await settled(nodes)
}

/** Waits until every running node sees all slots served, and every running replica has its copy. */
async function settled(nodes: readonly RedisServer[]): Promise<void> {
  await until('the cluster is settled', async () => {
    const states = nodes
      .filter((node) => node.running)
      .map(async (node) => {
        const state = await node.command('CLUSTER', 'INFO')
        const replication = await node.command('INFO', 'replication')
        const copied = isMaster(replication) || replication.includes('master_link_status:up')
        return state.includes('cluster_state:ok') && state.includes(`cluster_slots_ok:${slots}`) && copied
      })
    return (await Promise.all(states)).every(Boolean)
  })
}

function cluster(nodes: readonly RedisServer[], shards: readonly RedisShard[]): RedisCluster {
  const [first] = shards
  const members = async (key: string): Promise<readonly RedisServer[]> => {
    const alive = nodes.find((node) => node.running)
    if (!alive || !first) throw new Error('No node of the cluster is running')
    const slot = Number((await alive.command('CLUSTER', 'KEYSLOT', key)).slice(1))
    // The layout gave shard i the slots from floor(i * slots / n); fail-overs stay within a shard.
    const index = shards.findLastIndex((_, position) => Math.floor((position * slots) / shards.length) <= slot)
    return (shards[index] ?? first).members
  }
  const shardOf = async (key: string): Promise<readonly RedisServer[]> => {
    const holding = (await members(key)).filter((node) => node.running)
    const roles = await Promise.all(holding.map((node) => node.command('INFO', 'replication')))
    const isFirst = (index: number) => Number(isMaster(roles[index] ?? ''))
    return holding
      .map((node, index) => ({ node, rank: isFirst(index) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ node }) => node)
  }
  const masterOf = async (key: string): Promise<RedisServer> => {
    const [master] = await shardOf(key)
    if (!master) throw new Error(`No node of the shard of ${key} is running`)
    return master
  }
  return {
    url: nodes.map((node) => node.url).join(','),
    urls: nodes.map((node) => node.url),
    nodes,
    shards,
    masterOf,
    shardOf,
    async failover(key, how = 'kill') {
      const [from, to] = await shardOf(key)
      if (!from || !to) throw new Error(`The shard of ${key} has no running replica`)
      if (how === 'kill') await from.kill()
      else await to.command('CLUSTER', 'FAILOVER', ...(how === 'takeover' ? ['TAKEOVER'] : []))
      await until(
        `a replica of the shard of ${key} is master`,
        async () =>
          (await masterOf(key)) !== from && isMaster(await (await masterOf(key)).command('INFO', 'replication')),
      )
      await settled(nodes)
      return { from, to: await masterOf(key) }
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

function isMaster(replication: string): boolean {
  return replication.includes('role:master')
}

/** The text of a bulk reply. */
function bulk(reply: string): string {
  return reply.slice(reply.indexOf('\r\n') + 2).trim()
}
