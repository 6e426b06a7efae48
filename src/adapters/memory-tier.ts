import type { SharedTier, SlotRead } from '../cache/shared-tier.ts'
import { type SlotState, supersedes, tagOf } from '../cache/slot.ts'
import type { Clock } from '../kernel/clock.ts'

export interface MemoryTierOptions {
  readonly clock: Clock
  /** Beyond this the entry written longest ago goes; 100,000 by default. */
  readonly maxEntries?: number
}

export interface MemoryTier extends SharedTier {
  readonly size: number
}

interface Entry {
  readonly state: SlotState
  readonly untilMs: number
}

/**
 * The shared tier of the nodes of one process, which share one instance. Expired entries go when they are looked at or
 * when they are the oldest at the next write: no timers. `close` leaves the entries to the other nodes.
 */
export function createMemoryTier({ clock, maxEntries = 100_000 }: MemoryTierOptions): MemoryTier {
  /** In the order of writing. */
  const entries = new Map<string, Entry>()

  function find(slot: string): Entry | undefined {
    const entry = entries.get(slot)
    if (!entry || entry.untilMs > clock.mono()) return entry
    entries.delete(slot)
    return undefined
  }

  function put(slot: string, state: SlotState, ttlMs: number): void {
    entries.delete(slot)
    entries.set(slot, { state, untilMs: clock.mono() + ttlMs })
    for (const [oldest, { untilMs }] of entries) {
      if (entries.size <= maxEntries && untilMs > clock.mono()) break
      entries.delete(oldest)
    }
  }

  function read(slot: string, leaseId: string, leaseMs: number): SlotRead {
    const entry = find(slot)
    if (!entry) {
      put(slot, { kind: 'lease', leaseId }, leaseMs)
      return { kind: 'leased' }
    }
    const { state } = entry
    if (state.kind !== 'lease') return { kind: 'state', state, ttlMs: entry.untilMs - clock.mono() }
    return { kind: state.leaseId === leaseId ? 'leased' : 'held' }
  }

  return {
    get size() {
      return entries.size
    },
    async readOrLease(slot, leaseId, leaseMs) {
      return read(slot, leaseId, leaseMs)
    },
    async swap(slot, expected, next, ttlMs) {
      const entry = find(slot)
      if (!entry || tagOf(entry.state) !== expected) return false
      if (next) put(slot, next, ttlMs)
      else entries.delete(slot)
      return true
    },
    async merge(slot, state, ttlMs) {
      const entry = find(slot)
      if (!entry || supersedes(state, entry.state)) put(slot, state, ttlMs)
    },
    async close() {},
  }
}
