import type { Position } from './change-log.ts'

/** Where truth is read. One query, from the primary, in one snapshot with the position of the log. */
export interface Source<T> {
  /** Throws when there is no answer; `null` is the answer that no such row exists. Gives up when `signal` fires. */
  load(slot: string, signal: AbortSignal): Promise<{ readonly at: Position; readonly value: T | null }>
}

/** What the cache must know of the values it holds, and nothing more. */
export interface Codec<T> {
  encode(value: T): string
  /** `undefined` for what this version cannot read: a miss, never an error. */
  decode(payload: string): T | undefined
  /** Everything whose change ends belief in this value. */
  subjects(value: T): readonly string[]
  /** Whether the value can never become good again. */
  terminal(value: T): boolean
}
