import type { Clock } from '../kernel/clock.ts'
import type { Floors } from './floors.ts'
import type { Follower } from './follower.ts'
import type { History } from './history.ts'
import type { Lease } from './lease.ts'
import type { Seal } from './seal.ts'
import type { SharedTier } from './shared-tier.ts'
import type { Codec, Source } from './source.ts'

export interface TieredCacheOptions<T> {
  readonly clock: Clock
  readonly floors: Floors
  readonly history: History
  readonly lease: Lease
  readonly follower: Follower
  readonly tier: SharedTier
  readonly source: Source<T>
  readonly codec: Codec<T>
  /** Without one, whoever can write into the shared tier decides what nodes believe. */
  readonly seal?: Seal
  readonly nodeId: string
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Longest time one read may take, ms. */
  readonly budgetMs: number
  /** Life of a value from its SQL read, ms; each gets up to a tenth less, so that they do not end together. */
  readonly positiveMs: number
  /** Life of cached absence, ms. */
  readonly absentMs: number
  /** Longest time a fill of the shared tier may take before another node may try, ms. */
  readonly fillLeaseMs: number
  /** Most values, and most absences, kept in process. */
  readonly entryLimit: number
  readonly absentLimit: number
  readonly onEvent?: (event: CacheEvent) => void
}

export type CacheEvent =
  | {
      readonly kind: 'tier'
      readonly operation: 'enter' | 'replace' | 'fill' | 'give-up'
      readonly outcome: 'ok' | 'failed'
    }
  | {
      readonly kind: 'source'
      readonly operation: 'load' | 'refresh'
      readonly outcome: 'ok' | 'failed'
      readonly tookMs: number
    }

/** What a read brought. `value: null` says that no such row exists. */
export interface Reading<T> {
  readonly value: T | null
  /** What the value hangs on is gone for good, whatever the value itself says. */
  readonly condemned: boolean
  readonly seq: number
  readonly tier: 'L1' | 'L2' | 'L3'
  /** The SQL read behind this is at most so old, ms. */
  readonly ageMs: number
  /** Served in the grace after the lease, by posture. */
  readonly degraded: boolean
}

/** Counts since the start. */
export interface CacheFigures {
  joined: number
  refreshed: number
}
