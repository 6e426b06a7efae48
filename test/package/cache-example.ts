/** A program of its own that caches rows which have nothing to do with keys. Prints what three reads brought. */
export const cacheExample = `
import {
  type ChangeLog, type Codec, createMemoryTier, Floors, Follower, History, Lease,
  type NodeRegistry, type Source, systemClock, TieredCache,
} from 'gatehouse/cache'
import { SeededRandom, SimulatedSql } from 'gatehouse/testing'

interface Page { readonly id: string; readonly text: string }

const clock = systemClock
const sql = new SimulatedSql<Page>(() => clock.wall(), new SeededRandom(1).next, { home: { id: 'home', text: 'first' } })
const log: ChangeLog = {
  read: async (nodeId, fromSeq, limit) => sql.read(nodeId, fromSeq, limit),
  snapshot: async (windowMs, limit) => sql.snapshot(windowMs, limit),
  fork: async (seenSeq) => sql.fork(seenSeq),
}
const registry: NodeRegistry = {
  register: async (node, appliedSeq) => sql.register(node, appliedSeq),
  confirm: async (nodeId, applied) => sql.confirm(nodeId, applied),
  leave: async (nodeId) => sql.leave(nodeId),
  list: async () => sql.list(),
  reap: async (marginMs) => sql.reap(marginMs),
}
const source: Source<Page> = { load: async (slot) => ({ at: sql.head, value: sql.rows[slot] ?? null }) }
const codec: Codec<Page> = {
  encode: (page) => JSON.stringify(page),
  decode: (text) => JSON.parse(text) as Page,
  subjects: (page) => [\`page:\${page.id}\`],
  terminal: () => false,
}

const node = { id: 'node_a', name: 'example', leaseMs: 60_000, graceMs: 0 }
const floors = new Floors()
const history = new History()
const lease = new Lease({ clock, leaseMs: node.leaseMs, graceMs: node.graceMs })
const times = { beatMs: 250, beatTimeoutMs: 10_000, windowMs: 600_000, presenceMs: 5_000, confirmMs: 1_000 }
const follower = new Follower({
  clock, log, registry, node, floors, lease, history, ...times, rowLimit: 1000, snapshotLimit: 1000,
})
const cache = new TieredCache<Page>({
  clock, floors, history, lease, follower, source, codec,
  tier: createMemoryTier({ clock }), nodeId: node.id, random: Math.random,
  budgetMs: 10_000, positiveMs: 600_000, absentMs: 60_000, fillLeaseMs: 2_000, entryLimit: 1000, absentLimit: 1000,
})

await follower.start()
const first = await cache.read('home', 'home')
const again = cache.peek('home')
sql.commit({ home: { id: 'home', text: 'second' } }, { subjects: ['page:home'], restricts: true })
await follower.beat()
const second = await cache.read('home', 'home')
await follower.stop()
console.log(JSON.stringify([first.value?.text, again?.value?.text, second.value?.text]))
`
