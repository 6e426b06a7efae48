import { hostname } from 'node:os'
import type { CredentialSource } from './authority/store.ts'
import {
  type CacheEvent,
  Floors,
  Follower,
  type FollowerEvent,
  History,
  Lease,
  Receipts,
  TieredCache,
} from './cache/index.ts'
import type { Verdict } from './domain/verdict.ts'
import { createForeignAdmission } from './gateway/foreign-admission.ts'
import type { Gate } from './gateway/gate.ts'
import { type Passport, passportCodec, passportOf } from './gateway/passport.ts'
import { createPipeline } from './gateway/pipeline.ts'
import type { Keyring } from './gateway/recognise.ts'
import { VerdictFigures } from './gateway/verdict-figures.ts'
import type { Clock } from './kernel/clock.ts'
import { newId } from './kernel/id.ts'
import { createBulkhead } from './resilience/bulkhead.ts'
import { readKeyring } from './runtime-keyring.ts'
import type { Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'
import type { RecognitionRing } from './tokens/peppers.ts'
import { LastUsed } from './usage/last-used.ts'

/** What happens in a node that operators want to count or to read. */
export type NodeEvent =
  | { readonly source: 'log'; readonly event: FollowerEvent }
  | { readonly source: 'cache'; readonly event: CacheEvent }
  | { readonly source: 'check'; readonly event: { readonly kind: 'failed'; readonly cause: unknown } }
  | {
      readonly source: 'check'
      readonly event: { readonly kind: 'slow'; readonly verdict: Verdict; readonly tookMs: number }
    }
  | {
      readonly source: 'duty'
      readonly event: { readonly kind: 'failed' | 'reaped'; readonly what: string; readonly cause?: unknown }
    }

/** One node: it follows the log, holds a lease, and checks keys. */
export interface CheckNode {
  readonly id: string
  readonly gate: Gate
  readonly cache: TieredCache<Passport>
  readonly follower: Follower
  readonly lease: Lease
  readonly floors: Floors
  readonly receipts: Receipts
  readonly figures: VerdictFigures
  readonly lastUsed: LastUsed
  /** Registers, loads the floors, takes the first lease and reads the most recently used keys. Throws if SQL cannot. */
  start(): Promise<void>
  /** Leaves the registry and writes what waits to be written. */
  stop(): Promise<void>
}

/** How long a floor matters, ms: as long as anything that was read before it could be believed. */
export function windowOf({ positiveMs, fillLeaseMs, leaseMs, graceMs }: Settings): number {
  return positiveMs + fillLeaseMs + leaseMs + graceMs
}

/** A node that has nothing to confirm tells as often as this that it lives, ms. */
export const presenceMs = 5_000

/** Beats and look-ups share the connections: so many are never taken by look-ups. */
const reservedConnections = 3
const foreignConnections = 2

export function createCheckNode(
  settings: Settings,
  stores: Stores,
  peppers: RecognitionRing,
  clock: Clock,
  onEvent: (event: NodeEvent) => void,
): CheckNode {
  const { db, push, tier } = stores
  const id = newId('node')
  const floors = new Floors()
  const history = new History()
  const { leaseMs, graceMs, beatMs, positiveMs, fillLeaseMs } = settings
  const windowMs = windowOf(settings)
  const lease = new Lease({ clock, leaseMs, graceMs })
  let keyring: Keyring | undefined

  const follower = new Follower({
    clock,
    log: db.changeLog,
    registry: db.nodes,
    node: { id, name: `${hostname()}:${process.pid}`, leaseMs, graceMs },
    floors,
    lease,
    history,
    beatMs,
    beatTimeoutMs: leaseMs / 2,
    windowMs,
    rowLimit: 1_000,
    snapshotLimit: 50_000,
    presenceMs,
    confirmMs: 1_000,
    async onRows(rows) {
      if (!rows.some((row) => row.subjects.includes('patterns'))) return
      keyring = await readKeyring(peppers, db.store)
    },
    onEvent: (event) => onEvent({ source: 'log', event }),
  })

  const cache = new TieredCache<Passport>({
    clock,
    floors,
    history,
    lease,
    follower,
    tier,
    source: boundedSource(db.credentials, settings.dbPool),
    codec: passportCodec,
    seal: peppers.seal,
    nodeId: id,
    random: Math.random,
    budgetMs: settings.checkBudgetMs,
    positiveMs,
    absentMs: settings.absentMs,
    fillLeaseMs,
    entryLimit: settings.entryLimit,
    absentLimit: settings.absentLimit,
    onEvent: (event) => onEvent({ source: 'cache', event }),
  })

  const figures = new VerdictFigures()
  const lastUsed = new LastUsed({
    clock,
    write: (batch) => db.usage.touch(batch),
    everyMs: settings.usageFlushMs,
    onFailure: (cause) => onEvent({ source: 'duty', event: { kind: 'failed', what: 'last use', cause } }),
  })
  const gate = createPipeline({
    clock,
    cache,
    budgetMs: settings.checkBudgetMs,
    keyring: () => keyring ?? missingKeyring(),
    foreign: createForeignAdmission({
      clock,
      limit: foreignConnections,
      queue: 4_096,
      burst: 100,
      perSecond: 20,
      addressLimit: 10_000,
    }),
    lastUsed,
    figures,
    onSlowVerdict: (verdict, tookMs) => onEvent({ source: 'check', event: { kind: 'slow', verdict, tookMs } }),
    onFailure: (cause) => onEvent({ source: 'check', event: { kind: 'failed', cause } }),
  })
  const receipts = new Receipts({ clock, registry: db.nodes, push, follower, history, nodeId: id, seal: peppers.seal })

  return {
    id,
    gate,
    cache,
    follower,
    lease,
    floors,
    receipts,
    figures,
    lastUsed,
    async start() {
      await receipts.start()
      await follower.start()
      await preload(cache, follower, db.credentials, clock, settings.preload)
      lastUsed.start()
    },
    async stop() {
      receipts.stop()
      const failed = (what: string) => (cause: unknown) =>
        onEvent({ source: 'duty', event: { kind: 'failed', what, cause } })
      await lastUsed.stop()
      await follower.stop().catch(failed('leaving'))
    },
  }
}

function missingKeyring(): never {
  throw new Error('a check before the node was started')
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

async function preload(
  cache: TieredCache<Passport>,
  follower: Follower,
  credentials: CredentialSource,
  clock: Clock,
  limit: number,
): Promise<void> {
  if (limit === 0) return
  const sentMono = clock.mono()
  const recent = await credentials.recent(limit)
  // What was read beyond this node's position could not be judged, and so would not be kept.
  await follower.catchUp(Math.max(0, ...recent.map(({ at }) => at.seq)))
  cache.preload(
    recent.map(({ digest, at, credential }) => ({
      entry: cache.loader.entry(digest, at, passportOf(credential), sentMono),
      tier: 'L3',
      sentMono,
    })),
  )
}
