import { hostname } from 'node:os'
import type { CredentialSource } from './authority/store.ts'
import {
  type CacheEvent,
  Floors,
  Follower,
  type FollowerEvent,
  History,
  Lease,
  type LogRow,
  Receipts,
  type Seal,
  TieredCache,
} from './cache/index.ts'
import { type Passport, passportCodec, passportOf } from './gateway/passport.ts'
import type { Clock } from './kernel/clock.ts'
import { newId } from './kernel/id.ts'
import { createBulkhead } from './resilience/bulkhead.ts'
import type { Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'

/** The cache protocol, as one node takes part in it. */
export interface Protocol {
  readonly id: string
  readonly cache: TieredCache<Passport>
  readonly follower: Follower
  readonly lease: Lease
  readonly floors: Floors
  readonly receipts: Receipts
}

export interface ProtocolEvents {
  readonly onEvent: (
    event:
      | { readonly source: 'log'; readonly event: FollowerEvent }
      | { readonly source: 'cache'; readonly event: CacheEvent },
  ) => void
  /** Told of what the log brings, before the lease is renewed over it. */
  readonly onRows: (rows: readonly LogRow[]) => Promise<void>
}

/** How long a floor matters, ms: as long as anything that was read before it could be believed. */
export function windowOf({ positiveMs, fillLeaseMs, leaseMs, graceMs }: Settings): number {
  return positiveMs + fillLeaseMs + leaseMs + graceMs
}

/** A node that has nothing to confirm tells as often as this that it lives, ms. */
export const presenceMs = 5_000

/** Beats and look-ups share the connections: so many are never taken by look-ups. */
const reservedConnections = 3

export function createProtocol(
  settings: Settings,
  { db, push, tier }: Stores,
  seal: Seal,
  clock: Clock,
  { onEvent, onRows }: ProtocolEvents,
): Protocol {
  const id = newId('node')
  const { leaseMs, graceMs, beatMs, positiveMs, absentMs, fillLeaseMs, entryLimit, absentLimit } = settings
  const floors = new Floors()
  const history = new History()
  const lease = new Lease({ clock, leaseMs, graceMs })
  const follower = new Follower({
    ...{ clock, floors, history, lease, beatMs, presenceMs, onRows },
    log: db.changeLog,
    registry: db.nodes,
    node: { id, name: `${hostname()}:${process.pid}`, leaseMs, graceMs },
    beatTimeoutMs: leaseMs / 2,
    windowMs: windowOf(settings),
    rowLimit: 1_000,
    snapshotLimit: 50_000,
    confirmMs: 1_000,
    onEvent: (event) => onEvent({ source: 'log', event }),
  })
  const cache = new TieredCache<Passport>({
    ...{ clock, floors, history, lease, follower, tier, seal },
    ...{ positiveMs, absentMs, fillLeaseMs, entryLimit, absentLimit },
    source: boundedSource(db.credentials, settings.dbPool),
    codec: passportCodec,
    nodeId: id,
    random: Math.random,
    budgetMs: settings.checkBudgetMs,
    onEvent: (event) => onEvent({ source: 'cache', event }),
  })
  const receipts = new Receipts({ clock, registry: db.nodes, push, follower, history, nodeId: id, seal })
  return { id, cache, follower, lease, floors, receipts }
}

/** Look-ups are kept from taking every connection, so that beats and writes always find one. */
function boundedSource(credentials: CredentialSource, poolSize: number) {
  const bulkhead = createBulkhead({ limit: Math.max(1, poolSize - reservedConnections), queue: 10_000 })
  return {
    load: (slot: string, signal: AbortSignal) =>
      bulkhead.run(async () => {
        const { at, credential } = await credentials.find(slot, signal)
        return { at, value: credential && passportOf(credential) }
      }, signal),
  }
}
