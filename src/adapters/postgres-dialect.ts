import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import { Fault } from '../kernel/fault.ts'
import type { PostgresPool, Session } from './postgres-pool.ts'

/**
 * Kysely on our pool, which gives broken connections back as broken and speaks in faults. `statementMs`: how long a
 * statement of a transaction may take before the server ends it, where that is less than it is for all.
 */
export function postgresDialect(pool: PostgresPool, statementMs?: number): Dialect {
  return {
    createDriver: () => new PostgresDriver(pool, statementMs),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

class PostgresDriver implements Driver {
  readonly #pool: PostgresPool
  readonly #limit: string

  constructor(pool: PostgresPool, statementMs: number | undefined) {
    this.#pool = pool
    this.#limit =
      statementMs === undefined
        ? ''
        : `; set local statement_timeout = ${statementMs}; set local max_parallel_workers_per_gather = 0`
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresConnection> {
    return new PostgresConnection(await this.#pool.session())
  }

  async beginTransaction({ session }: PostgresConnection, settings: TransactionSettings): Promise<void> {
    session.failure = undefined
    const isolation = `isolation level ${settings.isolationLevel ?? 'read committed'}`
    const access = settings.accessMode ?? 'read write'
    // Both in one round trip: without values the server takes several statements at once.
    await session.run({ text: `start transaction ${isolation}, ${access}${this.#limit}`, values: [] })
  }

  /** The server answers a commit after a failed statement with a quiet rollback. */
  async commitTransaction({ session }: PostgresConnection): Promise<void> {
    if (session.failure !== undefined) throw session.failure
    const { command } = await session.run({ text: 'commit', values: [] }).catch((error: unknown) => {
      throw new Fault('store.unavailable', {
        detail: 'the answer to a commit was lost: it may stand or not',
        cause: error,
      })
    })
    if (command !== 'COMMIT') throw new Fault('store.unavailable', { detail: 'the server rolled the transaction back' })
  }

  /** On a broken connection there is nothing to roll back: the server has done it, or will when it notices. */
  async rollbackTransaction({ session }: PostgresConnection): Promise<void> {
    await session.run({ text: 'rollback', values: [] }).catch(() => {})
  }

  async releaseConnection({ session }: PostgresConnection): Promise<void> {
    session.release()
  }

  /** The pool may carry other dialects too, and ends with whoever opened it. */
  async destroy(): Promise<void> {}
}

class PostgresConnection implements DatabaseConnection {
  readonly session: Session

  constructor(session: Session) {
    this.session = session
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, command, count } = await this.session.run({ text: sql, values: parameters })
    if (command === 'SELECT') return { rows: rows as R[] }
    return { rows: rows as R[], numAffectedRows: BigInt(count ?? 0) }
  }

  // biome-ignore lint/correctness/useYield: it only refuses, before the first row.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Fault('internal', { detail: 'rows are not streamed from PostgreSQL' })
  }
}
