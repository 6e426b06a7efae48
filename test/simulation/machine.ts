import type { Follower, Lease, Receipts, TieredCache } from '../../src/cache/index.ts'
import type { SharedTier } from '../../src/cache/shared-tier.ts'
import type { Source } from '../../src/cache/source.ts'
import type { SeededRandom } from '../../src/testing/seeded-random.ts'
import type { SimulatedNetwork } from '../../src/testing/simulated-network.ts'
import type { SimulatedBus } from '../../src/testing/simulated-ports.ts'
import type { SimulatedSql } from '../../src/testing/simulated-sql.ts'
import type { SimulatedTier } from '../../src/testing/simulated-tier.ts'
import { VirtualClock, type VirtualTime } from '../../src/testing/virtual-clock.ts'
import type { Answerer } from './oracle.ts'
import { type Profile, times } from './profile.ts'
import type { Subject } from './subject.ts'
import { type Credential, codec, type Row } from './truth.ts'

/** What a machine sees of the world around it. */
export interface Surroundings {
  readonly subject: Subject
  readonly random: SeededRandom
  readonly profile: Profile
  readonly time: VirtualTime
  readonly network: SimulatedNetwork
  readonly sql: SimulatedSql<Row>
  readonly tier: SimulatedTier
  readonly bus: SimulatedBus
  say(what: string): void
  load(machine: Machine, slot: string, signal: AbortSignal): ReturnType<Source<Credential>['load']>
}

/** One life of one node: the real code on simulated ports. A restart is a new life with a new id. */
export interface Machine extends Answerer {
  readonly place: number
  readonly clock: VirtualClock
  readonly lease: Lease
  readonly follower: Follower
  readonly cache: TieredCache<Credential>
  readonly receipts: Receipts
  readonly tier: SharedTier
  /** `dead` takes no step any more. */
  state: 'running' | 'frozen' | 'dead'
  wasSuspended: boolean
  /** Reads that have not ended. */
  open: number
  /** Loads of SQL that run now, by slot. */
  readonly loading: Map<string, number>
  /** Loads of SQL that were ever begun, by slot. */
  readonly loaded: Map<string, number>
}

export function createMachine(world: Surroundings, place: number, life: number): Machine {
  const { subject, network, sql, random, profile } = world
  const { Floors, Follower, History, Lease, Receipts, TieredCache } = subject.cache
  const id = `n${place}.${life}`
  const graceMs = profile.graces[place] ?? 0
  const clock = new VirtualClock({ time: world.time, originMono: random.between(0, 100_000) })
  const floors = new Floors({ limit: profile.floorLimit })
  const history = new History(profile.historyLimit)
  const lease = new Lease({ clock, leaseMs: times.leaseMs, graceMs })
  const registry = subject.ports.simulatedRegistry(network, sql, id)
  const push = world.bus.push(id)
  const follower = new Follower({
    clock,
    log: subject.ports.simulatedLog(network, sql, id),
    registry,
    node: { id, name: id, leaseMs: times.leaseMs, graceMs },
    floors,
    lease,
    history,
    beatMs: profile.beatMs,
    beatTimeoutMs: times.beatTimeoutMs,
    windowMs: profile.positiveMs + times.fillLeaseMs + times.leaseMs + graceMs,
    rowLimit: profile.rowLimit,
    snapshotLimit: profile.snapshotLimit,
    presenceMs: times.presenceMs,
    confirmMs: times.confirmMs,
    onEvent: (event) => world.say(`${id} ${event.kind}`),
  })
  const loading = new Map<string, number>()
  const loaded = new Map<string, number>()
  const tier = tierOf(world, id, clock, profile, random)
  const cache = new TieredCache<Credential>({
    clock,
    floors,
    history,
    lease,
    follower,
    tier,
    source: { load: (slot, signal) => world.load(machine, slot, signal) },
    codec,
    nodeId: id,
    random: random.next,
    budgetMs: times.budgetMs,
    positiveMs: profile.positiveMs,
    absentMs: profile.absentMs,
    fillLeaseMs: times.fillLeaseMs,
    entryLimit: profile.entryLimit,
    absentLimit: profile.entryLimit,
  })
  const receipts = new Receipts({ clock, registry, push, follower, history, nodeId: id, pollMs: 30 })
  const machine: Machine = {
    id,
    place,
    graceMs,
    positiveMs: profile.positiveMs,
    clock,
    lease,
    follower,
    cache,
    receipts,
    tier,
    state: 'running',
    wasSuspended: false,
    open: 0,
    ended: new Map(),
    loading,
    loaded,
  }
  return machine
}

function tierOf(
  world: Surroundings,
  id: string,
  clock: VirtualClock,
  profile: Profile,
  random: SeededRandom,
): SharedTier {
  const bare = world.subject.ports.simulatedSharedTier(world.network, world.tier, id)
  if (!profile.guarded) return bare
  const { guardTier } = world.subject.guard
  return guardTier(bare, { clock, timeoutMs: times.tierTimeoutMs, slowMs: times.tierTimeoutMs, random: random.next })
}
