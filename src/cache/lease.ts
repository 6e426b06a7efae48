import type { Clock } from '../kernel/clock.ts'

export interface LeaseOptions {
  readonly clock: Clock
  /** D: for so long after a beat was sent may the node believe what it has. */
  readonly leaseMs: number
  /** G: for so long beyond D may it still serve what it knows, marked as degraded. */
  readonly graceMs: number
}

/** Both clocks, read when a beat was sent. */
export interface Sent {
  readonly mono: number
  readonly wall: number
}

/**
 * A node's right to answer from memory. It runs from the moment the last successful beat was *sent*: whatever
 * committed before that moment has been applied, so an answer given under the lease is at most `leaseMs` behind the
 * log. The monotonic clock stands still while a machine is suspended, so wall time that ran ahead counts as elapsed, be
 * it ever so little: a step of the wall forwards costs at worst one beat, and a step backwards only moves the mark from
 * which it runs ahead.
 */
export class Lease {
  readonly leaseMs: number
  readonly graceMs: number
  readonly #clock: Clock
  #sentMono = Number.NEGATIVE_INFINITY
  #wallAhead = 0

  constructor(options: LeaseOptions) {
    this.leaseMs = options.leaseMs
    this.graceMs = options.graceMs
    this.#clock = options.clock
  }

  /** To be called before the request of a beat leaves. */
  stamp(): Sent {
    const sent = { mono: this.#clock.mono(), wall: this.#clock.wall() }
    this.#wallAhead = Math.min(this.#wallAhead, sent.wall - sent.mono)
    return sent
  }

  renew(sent: Sent): void {
    if (sent.mono < this.#sentMono) return
    this.#sentMono = sent.mono
    this.#wallAhead = Math.min(sent.wall - sent.mono, this.#clock.wall() - this.#clock.mono())
  }

  /** Ends the lease and its grace at once: the node's history has been found to be another one. */
  drop(): void {
    this.#sentMono = Number.NEGATIVE_INFINITY
  }

  isLive(): boolean {
    return this.elapsed(this.#clock.mono()) < this.leaseMs
  }

  /** Live, or lapsed for less than the grace. */
  isInGrace(): boolean {
    return this.elapsed(this.#clock.mono()) < this.leaseMs + this.graceMs
  }

  /** Time since the last beat was sent, in ms, as of now. */
  age(): number {
    return this.elapsed(this.#clock.mono())
  }

  /** Time since the last beat was sent, in ms; the readings are those the caller already has. */
  elapsed(nowMono: number, nowWall = this.#clock.wall()): number {
    const ahead = nowWall - nowMono
    if (ahead < this.#wallAhead) this.#wallAhead = ahead
    const elapsed = nowMono - this.#sentMono
    return elapsed + ahead - this.#wallAhead
  }
}
