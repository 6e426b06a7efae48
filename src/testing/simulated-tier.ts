import { createMemoryTier } from '../adapters/memory-tier.ts'
import type { SlotRead } from '../cache/shared-tier.ts'
import { decodeSlot, encodeSlot, type SlotState, tagOf } from '../cache/slot.ts'
import type { Clock } from '../kernel/clock.ts'

type Write =
  | { readonly kind: 'enter'; readonly slot: string; readonly leaseId: string; readonly ttlMs: number }
  | {
      readonly kind: 'swap'
      readonly slot: string
      readonly expected: string
      readonly next: SlotState | null
      readonly ttlMs: number
    }
  | { readonly kind: 'merge'; readonly slot: string; readonly state: SlotState; readonly ttlMs: number }

/**
 * The server behind the shared tier: the in-process tier itself, with a memory of what was asked of it, so that a
 * failover to any earlier state is the same commands again, up to some command. Also says what a fence must hold.
 */
export class SimulatedTier {
  readonly #time: { nowMs: number }
  readonly #onBreach: (what: string) => void
  #replayMs: number | undefined
  #tier: ReturnType<typeof createMemoryTier>
  #done: { readonly atMs: number; readonly write: Write }[] = []
  /** What stands in each slot, worked out apart from the tier. */
  #shadow = new Map<string, { readonly state: SlotState; readonly untilMs: number }>()
  readonly #leaseIds = new Set<string>()

  constructor(time: { nowMs: number }, onBreach: (what: string) => void) {
    this.#time = time
    this.#onBreach = onBreach
    this.#tier = this.#empty()
  }

  async readOrLease(slot: string, leaseId: string, leaseMs: number): Promise<SlotRead> {
    const read = await this.#do({ kind: 'enter', slot, leaseId, ttlMs: leaseMs })
    if (typeof read === 'boolean') throw new Error('a tier that answers another question')
    if (read.kind === 'leased') {
      if (this.#leaseIds.has(leaseId)) this.#onBreach(`lease id ${leaseId} was given out twice`)
      this.#leaseIds.add(leaseId)
    }
    return wire(read)
  }

  async swap(slot: string, expected: string, next: SlotState | null, ttlMs: number): Promise<boolean> {
    const present = this.#standing(slot)
    const won = (await this.#do({ kind: 'swap', slot, expected, next, ttlMs })) === true
    if (won && (!present || tagOf(present) !== expected)) this.#onBreach(`swap in ${slot} without holding ${expected}`)
    return won
  }

  async merge(slot: string, state: SlotState, ttlMs: number): Promise<void> {
    await this.#do({ kind: 'merge', slot, state, ttlMs })
  }

  flush(): void {
    this.#tier = this.#empty()
    this.#done = []
    this.#shadow.clear()
  }

  /** One slot is evicted. */
  async evict(slot: string): Promise<void> {
    const present = this.#standing(slot)
    if (present) await this.#do({ kind: 'swap', slot, expected: tagOf(present), next: null, ttlMs: 0 })
  }

  /** A replica takes over that has not seen the last `lost` commands. */
  async failOver(lost: number): Promise<void> {
    const replay = this.#done.slice(0, Math.max(0, this.#done.length - lost))
    this.flush()
    for (const { atMs, write } of replay) {
      this.#replayMs = atMs
      await this.#do(write)
    }
    this.#replayMs = undefined
  }

  /** What stands in a slot now. */
  #standing(slot: string): SlotState | undefined {
    const shadow = this.#shadow.get(slot)
    return shadow && shadow.untilMs > this.#nowMs ? shadow.state : undefined
  }

  async #do(write: Write): Promise<SlotRead | boolean> {
    const atMs = this.#nowMs
    this.#done.push({ atMs, write })
    const untilMs = atMs + write.ttlMs
    const { slot } = write
    if (write.kind === 'enter') {
      const read = await this.#tier.readOrLease(slot, write.leaseId, write.ttlMs)
      if (read.kind === 'leased') this.#shadow.set(slot, { state: { kind: 'lease', leaseId: write.leaseId }, untilMs })
      return read
    }
    if (write.kind === 'merge') {
      await this.#tier.merge(slot, write.state, write.ttlMs)
      const read = await this.#tier.readOrLease(slot, 'look', 0)
      if (read.kind === 'state') this.#shadow.set(slot, { state: read.state, untilMs: atMs + read.ttlMs })
      return true
    }
    const won = await this.#tier.swap(slot, write.expected, write.next, write.ttlMs)
    if (won && write.next) this.#shadow.set(slot, { state: write.next, untilMs })
    else if (won) this.#shadow.delete(slot)
    return won
  }

  get #nowMs(): number {
    return this.#replayMs ?? this.#time.nowMs
  }

  #empty(): ReturnType<typeof createMemoryTier> {
    const clock: Clock = { mono: () => this.#nowMs, wall: () => this.#nowMs, after: () => () => {} }
    return createMemoryTier({ clock })
  }
}

/** Through the form in which states travel. */
function wire(read: SlotRead): SlotRead {
  if (read.kind !== 'state') return read
  const state = decodeSlot(encodeSlot(read.state))
  return state ? { ...read, state } : { kind: 'held' }
}
