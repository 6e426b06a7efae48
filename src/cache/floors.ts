import { everything } from './subjects.ts'

/** How an entry stands against what the log has said since it was read. */
export type Standing =
  | 'stands'
  /** Something it hangs on has changed, or nobody can say: read again. */
  | 'outdated'
  /** Something it hangs on is gone for good: refuse, without asking anybody. */
  | 'condemned'

export interface FloorsOptions {
  /** Most floors kept. One more, and the lowest tenth gives way to a higher horizon. Default 100,000. */
  readonly limit?: number
}

/**
 * The floors a node knows: for each subject, the sequence below which no entry may be believed, and one horizon below
 * everything. Forgetting a floor is safe at any time as long as the horizon is raised to it: what was read before the
 * horizon is a miss. So no clock decides how long a floor must be kept; a wrong guess costs queries, never an answer.
 */
export class Floors {
  readonly #floors = new Map<string, number>()
  readonly #condemned = new Set<string>()
  readonly #limit: number
  #horizon = 0
  #highest = 0
  /** Changes whenever an entry might stand differently: an entry that was found standing at this revision still does. */
  revision = 1

  constructor(options: FloorsOptions = {}) {
    this.#limit = options.limit ?? 100_000
  }

  get horizon(): number {
    return this.#horizon
  }

  get size(): number {
    return this.#floors.size
  }

  raise(subject: string, seq: number, terminal: boolean): void {
    if (subject === everything) {
      this.raiseHorizon(seq)
      return
    }
    this.#highest = Math.max(this.#highest, seq)
    this.revision++
    if (terminal) this.#condemned.add(subject)
    const present = this.#floors.get(subject) ?? 0
    if (present >= seq) return
    this.#floors.set(subject, seq)
    if (this.#floors.size > this.#limit) this.#pruneTenth()
  }

  /** Nothing that was read before `seq` is believed any more. */
  raiseHorizon(seq: number): void {
    this.#highest = Math.max(this.#highest, seq)
    this.revision++
    this.#horizon = Math.max(this.#horizon, seq)
  }

  /** Forgets every floor up to `seq`, and with them everything that only these floors could have judged. */
  prune(seq: number): void {
    this.raiseHorizon(seq)
    for (const [subject, floor] of this.#floors) {
      if (floor > seq) continue
      this.#floors.delete(subject)
      this.#condemned.delete(subject)
    }
  }

  /** The lowest tenth goes, so that a table at its bound costs the oldest entries and not all of them. */
  #pruneTenth(): void {
    const ascending = Float64Array.from(this.#floors.values()).sort()
    this.prune(ascending[Math.floor(ascending.length / 10)] ?? this.#highest)
  }

  standing(subjects: readonly string[], seq: number): Standing {
    for (const subject of subjects) if (this.#condemned.has(subject)) return 'condemned'
    if (seq < this.#horizon) return 'outdated'
    for (const subject of subjects) {
      const floor = this.#floors.get(subject)
      if (floor !== undefined && seq < floor) return 'outdated'
    }
    return 'stands'
  }
}
