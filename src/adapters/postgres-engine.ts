import { Kysely, sql } from 'kysely'
import type { Push } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'
import { postgresDialect } from './postgres-dialect.ts'
import { lostDeadlock } from './postgres-fault.ts'
import { openPool, type PostgresPool } from './postgres-pool.ts'
import { createPostgresPush } from './postgres-push.ts'
import type { Prepared, SqlEngine } from './sql-engine.ts'
import type { Schema } from './sql-schema.ts'

export interface PostgresOptions {
  readonly url: string
  readonly poolSize: number
  readonly clock: Clock
  /** Each transaction may get another connection: then no statement is kept prepared, and nothing is listened to. */
  readonly transactionPooler?: boolean
}

const deadlockTries = 3
/** Any number that nothing else in the database locks. */
const migrationLock = 0x67_61_74_65

export async function openPostgres(options: PostgresOptions): Promise<{ engine: SqlEngine; push: Push | null }> {
  const { url, poolSize, clock, transactionPooler = false } = options
  const pool = openPool({ url, size: poolSize, transactionPooler })
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool) })
  try {
    await pool.run({ text: 'select 1', values: [] })
  } catch (error) {
    await pool.close()
    throw error
  }
  const engine: SqlEngine = {
    kind: 'postgres',
    // Bytes, not the rules of a language: the same order everywhere, and no index breaks with a new libc.
    types: { integer: sql`bigint`, text: sql`text collate "C"` },
    reader: db,
    now: () => sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    lock: (query) => query.forUpdate(),
    write: (work) => again(() => db.transaction().setIsolationLevel('read committed').execute(work)),
    snapshot: (work) => {
      return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
    },
    migration: (work) => migration(openPool({ url, size: 1, transactionPooler, unlimited: true }), work),
    prepare: (name, statement) => prepared(pool, transactionPooler ? undefined : name, statement.compile(db)),
    tables: async (any) => {
      const found = await sql<{ name: string }>`select relname as name from pg_catalog.pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')`.execute(any)
      return found.rows.map(({ name }) => name)
    },
    close: () => db.destroy(),
  }
  return { engine, push: transactionPooler ? null : createPostgresPush(pool, url, clock) }
}

/** Only before a commit was sent: a transaction that lost a deadlock has done nothing. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries >= deadlockTries || !lostDeadlock(error)) throw error
    }
  }
}

/** On a connection of its own, which may wait for as long as the migration of another node takes. */
async function migration<T>(pool: PostgresPool, work: (tx: Kysely<Schema>) => Promise<T>): Promise<T> {
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool) })
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`set local statement_timeout = 0`.execute(tx)
      await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(tx)
      return work(tx)
    })
  } finally {
    await db.destroy()
  }
}

function prepared<Row>(
  pool: PostgresPool,
  name: string | undefined,
  compiled: { readonly sql: string; readonly parameters: readonly unknown[] },
): Prepared<Row> {
  const order = compiled.parameters as readonly number[]
  return async (args, { signal, timeoutMs } = {}) => {
    const values = order.map((index) => args[index])
    const { rows } = await pool.run({ name, text: compiled.sql, values, timeoutMs }, signal)
    return rows as readonly Row[]
  }
}
