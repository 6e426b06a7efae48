import type { SlotState } from './slot.ts'

/** What a look into a slot brought. `ttlMs` is what remains of the value's life, measured by the tier. */
export type SlotRead =
  | { readonly kind: 'leased' }
  | { readonly kind: 'held' }
  | { readonly kind: 'state'; readonly state: SlotState; readonly ttlMs: number }

/**
 * The tier that nodes share: slots that hold a value or the lease to fill it. It makes things fast and no promise
 * rests on it: it may lose, repeat or resurrect anything. Each method is one round trip, throws
 * `Fault('tier.unavailable')` when it got no answer, and never retries by itself.
 */
export interface SharedTier {
  /**
   * Reads the slot; if it is empty (or holds what cannot be decoded), puts the lease `leaseId` there for `leaseMs`
   * and answers `leased`. `held`: someone else's lease stands there.
   */
  readOrLease(slot: string, leaseId: string, leaseMs: number): Promise<SlotRead>
  /**
   * Replaces the slot's content by `next` (or by nothing, for `null`) only if what stands there still has the tag
   * `expected` (`tagOf` in slot.ts). Answers whether it did. This is the fence: a late holder changes nothing.
   */
  swap(slot: string, expected: string, next: SlotState | null, ttlMs: number): Promise<boolean>
  /** Writes what a change made true: replaces a lease, and any state that `supersedes` (slot.ts) says it replaces. */
  merge(slot: string, state: SlotState, ttlMs: number): Promise<void>
  close(): Promise<void>
}

/** Messages between nodes. At most once, in any order, perhaps never: they only shorten a wait. */
export interface Push {
  publish(message: string): Promise<void>
  /** Returns the function that ends the subscription. Messages of this node come back too. */
  subscribe(handler: (message: string) => void): Promise<() => void>
  close(): Promise<void>
}
