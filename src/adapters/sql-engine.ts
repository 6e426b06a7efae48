import type { Expression, Kysely, RawBuilder, SelectQueryBuilder } from 'kysely'
import type { ChangeMark } from '../authority/store.ts'
import type { Position } from '../cache/change-log.ts'
import type { Schema } from './sql-schema.ts'

/** All in which the two databases differ. Everything above it is one set of queries. */
export interface SqlEngine {
  readonly kind: 'sqlite' | 'postgres'
  readonly types: SqlTypes
  /** For single statements that only read. What is committed is visible to them. */
  readonly reader: Kysely<Schema>
  /** The same for what keeps leases and membership: finds a connection whatever else goes on. */
  readonly urgent: Pick<SqlEngine, 'reader' | 'write'>
  readonly lists: ListLimits
  /** For statements of one list or search, each of which is ended by the server after two seconds. */
  list<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>
  /** The time that all nodes on this database share, in ms, as a part of a statement. */
  now(): Expression<number>
  /** Locks the rows that the query answers to the end of the transaction. */
  lock<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): SelectQueryBuilder<DB, TB, O>
  /**
   * One transaction. What `work` throws rolls it back; so does a failed statement, even when `work` swallows its
   * fault. `work` runs again when the database chose this transaction to end a deadlock.
   */
  write<T>(work: (tx: Kysely<Schema>) => Promise<T>): Promise<T>
  /** Several statements that see one state of the database. */
  snapshot<T>(work: (tx: Kysely<Schema>) => Promise<T>): Promise<T>
  /** A transaction that one node at a time may be in, and that may take long. */
  migration<T>(work: (tx: Kysely<Schema>) => Promise<T>): Promise<T>
  /** A statement that is parsed once. Its parameters are the numbers of the arguments that go there. */
  prepare<Row>(name: string, statement: RawBuilder<Row>, use: 'beat' | 'lookup'): Prepared<Row>
  /** The last statement of a transaction that changes something; see `appendInSteps`. */
  append(tx: Kysely<Schema>, change: Required<ChangeMark>): Promise<Position>
  /** Sets the log above a history that was lost; see `forkLog`. */
  fork(seenSeq: number): Promise<void>
  /** For the first migration: what the database runs by itself. */
  createRoutines(tx: Kysely<Schema>): Promise<void>
  /** Whether a statement failed because the role may not do that. */
  lacksRight(error: unknown): boolean
  /** Names of all tables and views where ours would be. */
  tables(db: Kysely<Schema>): Promise<readonly string[]>
  close(): Promise<void>
}

export interface ListLimits {
  /** How many lists are made at a time. */
  readonly atOnce: number
  /** How many rows one statement looks at: a few milliseconds' worth. */
  readonly rows: number
}

export interface SqlTypes {
  readonly integer: RawBuilder<unknown>
  /** Ordered and compared by bytes. */
  readonly text: RawBuilder<unknown>
}

export type Prepared<Row> = (
  args: readonly (string | number)[],
  options?: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number },
) => Promise<readonly Row[]>
