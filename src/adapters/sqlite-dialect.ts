import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { Fault } from '../kernel/fault.ts'
import { checkTexts } from './sql-text.ts'
import { sqliteFault } from './sqlite-fault.ts'

export interface SqliteDialectOptions {
  /** Opened with the first statement; `destroy` closes it. */
  readonly open: () => DatabaseSync
  /** `begin immediate` on a connection that writes: a transaction that first reads could not be upgraded. */
  readonly begin: 'begin' | 'begin immediate'
  /** Runs `attempt` again while the database is locked, without blocking the process in between. */
  readonly patiently: <T>(attempt: () => T) => Promise<T>
}

/** Kysely on `node:sqlite`: one connection, on which Kysely lets one transaction or statement at a time. */
export function sqliteDialect(options: SqliteDialectOptions): Dialect {
  return {
    createDriver: () => new SqliteDriver(options),
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}

class SqliteDriver implements Driver {
  readonly #options: SqliteDialectOptions
  #connection: SqliteConnection | undefined

  constructor(options: SqliteDialectOptions) {
    this.#options = options
  }

  async init(): Promise<void> {
    const { open, patiently } = this.#options
    const database = await patiently(open).catch((error: unknown) => {
      throw sqliteFault(error)
    })
    this.#connection = new SqliteConnection(database, patiently)
  }

  async acquireConnection(): Promise<SqliteConnection> {
    if (!this.#connection) throw new Fault('store.unavailable', { detail: 'the database is closed' })
    return this.#connection
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.failure = undefined
    await turnOfTheLoop()
    await connection.executeQuery(CompiledQuery.raw(this.#options.begin))
  }

  /** PostgreSQL refuses to commit after a failed statement. SQLite would, so the same is done by hand. */
  async commitTransaction(connection: SqliteConnection): Promise<void> {
    if (connection.failure !== undefined) throw connection.failure
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  /** A full disk rolls back by itself: then there is nothing left to do. */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    if (connection.database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection?.database.close()
    this.#connection = undefined
  }
}

/** How many statements run in one turn of the event loop. */
const statementsPerTurn = 32

/**
 * Nothing here waits for anything outside, so that transactions in a queue, or one of a thousand statements, would all
 * run in one turn of the event loop. Checks read on another connection: this lets them in between.
 */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Statements are parsed once: parsing costs more than running most of them. */
const statementsMax = 200

class SqliteConnection implements DatabaseConnection {
  readonly database: DatabaseSync
  /** What the first failed statement of the transaction threw. */
  failure: unknown
  readonly #patiently: SqliteDialectOptions['patiently']
  #executed = 0
  readonly #statements = new Map<string, { statement: StatementSync; reader: boolean }>()

  constructor(database: DatabaseSync, patiently: SqliteDialectOptions['patiently']) {
    this.database = database
    this.#patiently = patiently
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      checkTexts(parameters)
      if (++this.#executed % statementsPerTurn === 0) await turnOfTheLoop()
      return await this.#patiently(() => this.#run<R>(sql, parameters as readonly SQLInputValue[]))
    } catch (error) {
      const fault = sqliteFault(error)
      this.failure ??= fault
      throw fault
    }
  }

  // biome-ignore lint/correctness/useYield: it only refuses, before the first row.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Fault('internal', { detail: 'rows are not streamed from SQLite' })
  }

  #run<R>(sql: string, parameters: readonly SQLInputValue[]): QueryResult<R> {
    const { statement, reader } = this.#statement(sql)
    if (reader) return { rows: statement.all(...parameters) as R[] }
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) }
  }

  #statement(sql: string) {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.database.prepare(sql)
    // Without this a query is run as if it answered nothing, and its rows are silently lost.
    const entry = { statement, reader: statement.columns().length > 0 }
    if (this.#statements.size >= statementsMax) this.#statements.clear()
    this.#statements.set(sql, entry)
    return entry
  }
}
