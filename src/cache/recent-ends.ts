import type { Clock } from '../kernel/clock.ts'

/**
 * Slots whose end this node has seen in SQL before its own log told of it. What another node left in the shared tier may be
 * from before that, and nothing would judge it yet. After one lease the log has told, or the lease is not live.
 */
export class RecentEnds {
  readonly #until = new Map<string, number>()
  readonly #clock: Clock
  readonly #leaseMs: number

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  note(slot: string): void {
    const now = this.#clock.mono()
    for (const [old, until] of this.#until) {
      if (until > now) break
      this.#until.delete(old)
    }
    this.#until.delete(slot)
    this.#until.set(slot, now + this.#leaseMs)
  }

  has(slot: string): boolean {
    const until = this.#until.get(slot)
    return until !== undefined && this.#clock.mono() < until
  }
}
