import type { Position } from './change-log.ts'

/** Where a stamp lies, seen from this node's own history of the log. */
export type Place =
  /** On it: the stamp can be compared with floors. */
  | 'mine'
  /** Beyond what this node has applied. */
  | 'ahead'
  /** On another history, or too old to tell. */
  | 'unknown'

/**
 * The positions that this node has seen, newest last. A SQL failover that lost commits hands the same numbers out
 * again; the marks tell an entry that was read in the lost history from one that was read in this.
 */
export class History {
  readonly #marks = new Map<number, string>()
  readonly #limit: number
  #head: Position | undefined

  constructor(limit = 65_536) {
    this.#limit = limit
  }

  get head(): Position | undefined {
    return this.#head
  }

  restart(positions: readonly Position[], head: Position): void {
    this.#marks.clear()
    for (const position of positions) this.#marks.set(position.seq, position.mark)
    this.append(head)
  }

  append(position: Position): void {
    this.#marks.set(position.seq, position.mark)
    this.#head = position
    if (this.#marks.size <= this.#limit) return
    for (const seq of this.#marks.keys()) {
      this.#marks.delete(seq)
      break
    }
  }

  place(at: Position): Place {
    if (!this.#head || at.seq > this.#head.seq) return 'ahead'
    return this.#marks.get(at.seq) === at.mark ? 'mine' : 'unknown'
  }
}
