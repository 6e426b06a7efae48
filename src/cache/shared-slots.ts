import { type Clock, sleep } from '../kernel/clock.ts'
import type { SharedTier, SlotRead } from './shared-tier.ts'
import { type SlotState, tagOf } from './slot.ts'

export interface SharedSlotsOptions {
  readonly clock: Clock
  readonly tier: SharedTier
  readonly nodeId: string
  readonly random: () => number
  /** How long a node may take to fill a slot before another may try, ms. */
  readonly fillLeaseMs: number
}

/** The right to fill one slot. It dies with the lease that stands in the slot. */
export interface FillRight {
  readonly slot: string
  readonly tag: string
}

/** A state that another node left, or the right to bring one, or neither (`busy`: someone else took too long). */
export type SlotOutcome =
  | { readonly kind: 'state'; readonly state: SlotState; readonly askedMono: number; readonly ttlMs: number }
  | { readonly kind: 'fill'; readonly right: FillRight }
  | { readonly kind: 'busy' }

/**
 * The way through a slot of the shared tier: read it, take the lease to fill it, or wait for whoever holds that. A
 * fill is a compare-and-set on the lease's id, so a revocation that came between, or a lease that ran out, makes the
 * late fill fall away.
 */
export class SharedSlots {
  readonly #o: SharedSlotsOptions
  #leases = 0

  constructor(options: SharedSlotsOptions) {
    this.#o = options
  }

  /** Throws `tier.unavailable`. Waits at most until `waitUntilMono` for another's fill. */
  async enter(slot: string, waitUntilMono: number, signal: AbortSignal): Promise<SlotOutcome> {
    const leaseId = this.#newLeaseId()
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 1.6, 50)) {
      const askedMono = this.#o.clock.mono()
      const read = await this.#o.tier.readOrLease(slot, leaseId, this.#o.fillLeaseMs)
      const outcome = this.#outcome(slot, leaseId, read, askedMono)
      if (outcome) return outcome
      if (this.#o.clock.mono() >= waitUntilMono) return { kind: 'busy' }
      await sleep(this.#o.clock, pauseMs * (0.5 + this.#o.random()), signal)
    }
  }

  /** Takes the right to replace a state that can no longer be believed. `undefined` if the slot has moved on. */
  async replace(slot: string, outdated: SlotState): Promise<FillRight | undefined> {
    const lease: SlotState = { kind: 'lease', leaseId: this.#newLeaseId() }
    const won = await this.#o.tier.swap(slot, tagOf(outdated), lease, this.#o.fillLeaseMs)
    return won ? { slot, tag: tagOf(lease) } : undefined
  }

  /** Whether the state now stands in the slot. */
  fill(right: FillRight, state: SlotState, ttlMs: number): Promise<boolean> {
    return this.#o.tier.swap(right.slot, right.tag, state, ttlMs)
  }

  /** Gives the right back, so that nobody waits for a fill that will not come. */
  giveUp(right: FillRight): Promise<boolean> {
    return this.#o.tier.swap(right.slot, right.tag, null, 0)
  }

  #outcome(slot: string, leaseId: string, read: SlotRead, askedMono: number): SlotOutcome | undefined {
    if (read.kind === 'leased') return { kind: 'fill', right: { slot, tag: tagOf({ kind: 'lease', leaseId }) } }
    return read.kind === 'state' ? { ...read, askedMono } : undefined
  }

  /** Unique among all acquisitions of all nodes, restarts included: a repeated id would let a late fill through. */
  #newLeaseId(): string {
    this.#leases++
    return `${this.#o.nodeId}.${this.#leases}.${Math.floor(this.#o.random() * 2 ** 48).toString(36)}`
  }
}
