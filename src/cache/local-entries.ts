import type { Entry } from './entry.ts'

/**
 * A bounded map with CLOCK eviction: a hit sets one bit and moves nothing; on overflow the hand walks the keys in
 * order of arrival, spares each that was used since it last passed, and takes the first that was not.
 */
export class LocalEntries<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #limit: number
  #hand: IterableIterator<string>

  constructor(limit: number) {
    this.#limit = limit
    this.#hand = this.#entries.keys()
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry<T> | undefined {
    return this.#entries.get(key)
  }

  set(key: string, entry: Entry<T>): void {
    if (!this.#entries.has(key) && this.#entries.size >= this.#limit) this.#evict()
    this.#entries.set(key, entry)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#hand = this.#entries.keys()
  }

  #evict(): void {
    // At most one full round of sparing, so that the second always finds a victim; twice the hand may start anew.
    for (let steps = 0; steps <= 2 * this.#entries.size + 2; steps++) {
      const next = this.#hand.next()
      if (next.done) {
        this.#hand = this.#entries.keys()
        continue
      }
      const entry = this.#entries.get(next.value)
      if (!entry?.used) {
        this.#entries.delete(next.value)
        return
      }
      entry.used = false
    }
  }
}
