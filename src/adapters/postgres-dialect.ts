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

/** Kysely on our pool, which gives broken connections back as broken and speaks in faults. */
export function postgresDialect(pool: PostgresPool): Dialect {
  return {
    createDriver: () => new PostgresDriver(pool),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}

class PostgresDriver implements Driver {
  readonly #pool: PostgresPool

  constructor(pool: PostgresPool) {
    this.#pool = pool
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PostgresConnection> {
    return new PostgresConnection(await this.#pool.session())
  }

  async beginTransaction({ session }: PostgresConnection, settings: TransactionSettings): Promise<void> {
    session.failure = undefined
    const isolation = `isolation level ${settings.isolationLevel ?? 'read committed'}`
    const access = settings.accessMode ?? 'read write'
    await session.run({ text: `start transaction ${isolation}, ${access}`, values: [] })
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

  destroy(): Promise<void> {
    return this.#pool.close()
  }
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
