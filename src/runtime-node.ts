import type { CredentialSource } from './authority/store.ts'
import type { CacheEvent, Follower, FollowerEvent, TieredCache } from './cache/index.ts'
import { patternsSubject } from './domain/subjects.ts'
import type { Verdict } from './domain/verdict.ts'
import { createForeignAdmission } from './gateway/foreign-admission.ts'
import type { Gate } from './gateway/gate.ts'
import { type Passport, passportOf } from './gateway/passport.ts'
import { createPipeline } from './gateway/pipeline.ts'
import type { Keyring } from './gateway/recognise.ts'
import { VerdictFigures } from './gateway/verdict-figures.ts'
import type { Clock } from './kernel/clock.ts'
import { readKeyring } from './runtime-keyring.ts'
import { createProtocol, type Protocol } from './runtime-protocol.ts'
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
export interface CheckNode extends Protocol {
  readonly gate: Gate
  readonly figures: VerdictFigures
  readonly lastUsed: LastUsed
  /** Registers, loads the floors, takes the first lease and reads the most recently used keys. Throws if SQL cannot. */
  start(): Promise<void>
  /** Leaves the registry and writes what waits to be written. */
  stop(): Promise<void>
}

/** Of look-ups of foreign tokens: how many run and wait, and what each address may spend on such as find nothing. */
const foreignLimits = { limit: 2, queue: 4_096, burst: 100, perSecond: 20, addressLimit: 10_000 } as const

export function createCheckNode(
  settings: Settings,
  stores: Stores,
  ring: RecognitionRing,
  clock: Clock,
  onEvent: (event: NodeEvent) => void,
): CheckNode {
  const { db } = stores
  let keyring: Keyring | undefined
  const protocol = createProtocol(settings, stores, ring.seal, clock, {
    onEvent,
    async onRows(rows) {
      if (!rows.some((row) => row.subjects.includes(patternsSubject))) return
      keyring = await readKeyring(ring, db.store)
    },
  })
  const { cache, follower, receipts } = protocol
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
    foreign: createForeignAdmission({ clock, ...foreignLimits }),
    lastUsed,
    figures,
    onSlowVerdict: (verdict, tookMs) => onEvent({ source: 'check', event: { kind: 'slow', verdict, tookMs } }),
    onFailure: (cause) => onEvent({ source: 'check', event: { kind: 'failed', cause } }),
  })

  return {
    ...protocol,
    gate,
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
      await lastUsed.stop()
      await follower.stop().catch((cause) => {
        onEvent({ source: 'duty', event: { kind: 'failed', what: 'leaving', cause } })
      })
    },
  }
}

function missingKeyring(): never {
  throw new Error('a check before the node was started')
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
