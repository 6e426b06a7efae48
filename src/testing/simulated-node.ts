import { createMemoryTier } from '../adapters/memory-tier.ts'
import { Floors } from '../cache/floors.ts'
import { Follower } from '../cache/follower.ts'
import { History } from '../cache/history.ts'
import { Lease } from '../cache/lease.ts'
import { Receipts } from '../cache/receipts.ts'
import type { SharedTier } from '../cache/shared-tier.ts'
import { TieredCache } from '../cache/tiered-cache.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedBus, simulatedLog, simulatedRegistry } from './simulated-ports.ts'
import { SimulatedSql } from './simulated-sql.ts'
import { settled, VirtualClock } from './virtual-clock.ts'

/** A row of the simulated SQL: a text, or `revoked`. What it hangs on is `key:<slot>`. */
type Row = string | null

/** SQL, a bus and a shared tier for nodes of one test; parcels move when `deliver` is called. */
export class SimulatedHouse {
  readonly time = { nowMs: 0 }
  readonly clock = new VirtualClock({ time: this.time })
  readonly network = new SimulatedNetwork()
  readonly bus = new SimulatedBus(this.network)
  readonly sql: SimulatedSql<Row>
  readonly tier: SharedTier
  #marks = 0

  constructor(rows: Readonly<Record<string, Row>>) {
    this.sql = new SimulatedSql<Row>(
      () => this.time.nowMs,
      () => ++this.#marks / 1000,
      rows,
    )
    this.tier = createMemoryTier({ clock: this.clock })
  }

  /** All that lies on the way arrives, and what follows from it, but for what `except` names. */
  async deliver(except: (what: string) => boolean = () => false): Promise<void> {
    await settled()
    for (;;) {
      const parcel = this.network.parcels.find((one) => !except(one.what))
      if (!parcel) return
      parcel.step()
      await settled()
    }
  }

  /** Commits a new text for a slot. */
  change(slot: string, value: Row, how: { readonly terminal?: boolean } = {}) {
    return this.sql.commit({ [slot]: value }, { subjects: [`key:${slot}`], restricts: true, ...how })
  }
}

export interface SimulatedNodeOptions {
  readonly id?: string
  readonly graceMs?: number
  readonly budgetMs?: number
}

/** One node with the real cache on the ports of a house; D is 1 s, beats come every 250 ms. */
export function simulatedNode(house: SimulatedHouse, options: SimulatedNodeOptions = {}) {
  const { id = 'n1', graceMs = 0, budgetMs = 1000 } = options
  const { clock, network, sql, tier } = house
  const floors = new Floors()
  const history = new History()
  const lease = new Lease({ clock, leaseMs: 1000, graceMs })
  const registry = simulatedRegistry(network, sql, id)
  const push = house.bus.push(id)
  const follower = new Follower({
    clock,
    log: simulatedLog(network, sql, id),
    registry,
    node: { id, name: id, leaseMs: 1000, graceMs },
    floors,
    lease,
    history,
    beatMs: 250,
    beatTimeoutMs: 500,
    windowMs: 700_000,
    rowLimit: 100,
    snapshotLimit: 100,
    presenceMs: 5000,
    confirmMs: 1000,
  })
  const cache = new TieredCache<string>({
    clock,
    floors,
    history,
    lease,
    follower,
    tier,
    source: {
      load: (slot, signal) =>
        network.call(id, 'sql', `load ${slot}`, () => ({ at: sql.head, value: sql.rows[slot] ?? null }), signal),
    },
    codec: {
      encode: (value) => `${value}`,
      decode: (payload) => (payload === '' ? undefined : payload),
      subjects: (value) => [`key:${value.split(' ')[0]}`],
      terminal: (value) => value.endsWith('revoked'),
    },
    nodeId: id,
    random: () => 0.5,
    budgetMs,
    positiveMs: 600_000,
    absentMs: 60_000,
    fillLeaseMs: 2000,
    entryLimit: 100,
    absentLimit: 100,
  })
  const receipts = new Receipts({ clock, registry, push, follower, history, nodeId: id })
  return { id, floors, history, lease, follower, cache, receipts }
}
