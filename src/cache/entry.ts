/**
 * What a node holds in process about one slot. Times are whole milliseconds, rounded to the safe side: V8 keeps such
 * numbers in the object itself, where others are each one more wait for memory.
 */
export interface Entry<T> {
  readonly slot: string
  /** `null`: SQL has no such row. */
  readonly value: T | null
  readonly subjects: readonly string[]
  /** The value is final: it is believed whatever else fails, because it can only refuse. */
  readonly terminal: boolean
  /** Position at which SQL was read, as far as this node could place it. */
  readonly seq: number
  /** Monotonic time before which SQL was certainly not read later: the age of the entry is at most now minus this. */
  readonly readMono: number
  /** Monotonic time at which the entry stops being an answer under a live lease. Inherited, never prolonged. */
  readonly freshUntil: number
  /** From here on a hit starts a refresh in the background; `freshUntil` where none is to be started. */
  refreshFrom: number
  /** The floors' revision at which the entry was last found standing. */
  revision: number
  /** Set by a hit, cleared by the hand of the clock that evicts. */
  used: boolean
}
