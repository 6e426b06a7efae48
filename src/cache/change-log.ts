/**
 * The change log as the cache sees it: one sequence, handed out in commit order, in which every row names the random
 * mark of the row before it. Truth lives here; everything else only makes it fast.
 */

/** A place in the log. The mark tells two histories apart that reached the same number (a failover lost commits). */
export interface Position {
  readonly seq: number
  /** Random, 8 base62 characters. */
  readonly mark: string
}

/** One change. Entries that were read before `seq` and hang on one of `subjects` must no longer be believed. */
export interface LogRow extends Position {
  readonly previousMark: string
  /** What the change touches: `key:<id>`, `tenant:<id>`, `app:<id>`, `digest:<slot>`, `absent`, `all`. */
  readonly subjects: readonly string[]
  /** The subject is gone for good (revoked, deleted): known holders refuse it without asking anybody. */
  readonly terminal: boolean
  /** Nodes confirm rows that can restrict; a row that only ends cached absence needs no confirmation. */
  readonly restricts: boolean
}

/** The answer to one beat, read in one snapshot. */
export interface LogRead {
  /** Whether this node stands registered, and has not left, in the same snapshot: no registration, no lease. */
  readonly registered: boolean
  /** Rows from the asked sequence on, that row included, ascending; at most the asked limit. */
  readonly rows: readonly LogRow[]
}

/** All that a node must know before its first lease, read in one snapshot. */
export interface LogSnapshot {
  readonly head: Position
  /** Every floor above this sequence is in `floors`; what was read before it cannot be judged and is not believed. */
  readonly horizon: number
  /** Ascending by sequence. */
  readonly floors: readonly { readonly subject: string; readonly seq: number; readonly terminal: boolean }[]
  /** Positions from the horizon on, ascending, so that entries in the shared tier can be placed on this history. */
  readonly positions: readonly Position[]
}

/** Read from the primary, never from a replica. Every method throws when the answer cannot be had. */
export interface ChangeLog {
  read(nodeId: string, fromSeq: number, limit: number): Promise<LogRead>
  /** `windowMs`: how old a floor may be and still matter. `limit`: most floors and most positions wanted. */
  snapshot(windowMs: number, limit: number): Promise<LogSnapshot>
  /**
   * Told by a node that has applied rows which the log no longer holds. Appends a row over `all` whose sequence lies
   * 2^32 above both the head and `seenSeq`, so that nothing read in the lost history can pass. Harmless if repeated.
   */
  fork(seenSeq: number): Promise<void>
}
