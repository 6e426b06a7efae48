import type { Clock } from '../kernel/clock.ts'

export interface LeaseOptions {
  readonly clock: Clock
  /** D: for so long after a beat was sent may the node believe what it has. */
  readonly leaseMs: number
  /** G: for so long beyond D may it still serve what it knows, marked as degraded. */
  readonly graceMs: number
}

/** The moment in which a beat was sent. */
export interface Sent {
  readonly mono: number
  /** How far the wall had run ahead by then, ms. */
  readonly ranAhead: number
}

/** The wall shows whole milliseconds: so much less than before is no step backwards. */
const roundingMs = 2

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
  #sentRanAhead = 0
  /** By how much the wall has gained on the monotonic clock, in all, as far as anybody looked. Never sinks. */
  #ranAhead = 0
  /** Wall minus monotonic time: the highest since the wall last stepped back. */
  #ahead: number

  constructor(options: LeaseOptions) {
    this.leaseMs = options.leaseMs
    this.graceMs = options.graceMs
    this.#clock = options.clock
    this.#ahead = this.#clock.wall() - this.#clock.mono()
  }

  /** To be called before the request of a beat leaves. */
  stamp(): Sent {
    const mono = this.#clock.mono()
    return { mono, ranAhead: this.#look(mono, this.#clock.wall()) }
  }

  renew(sent: Sent): void {
    if (sent.mono < this.#sentMono) return
    this.#sentMono = sent.mono
    this.#sentRanAhead = sent.ranAhead
  }

  /** When the last beat was sent that was answered. */
  get sentMono(): number {
    return this.#sentMono
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
    const elapsed = nowMono - this.#sentMono
    return elapsed + this.#look(nowMono, nowWall) - this.#sentRanAhead
  }

  #look(mono: number, wall: number): number {
    const ahead = wall - mono
    if (ahead > this.#ahead) {
      this.#ranAhead += ahead - this.#ahead
      this.#ahead = ahead
    } else if (ahead < this.#ahead - roundingMs) {
      this.#ahead = ahead
    }
    return this.#ranAhead
  }
}
