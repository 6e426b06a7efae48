import { Kysely, sql } from 'kysely'
import type { Push } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'
import { randomBase62 } from '../kernel/id.ts'
import { postgresDialect } from './postgres-dialect.ts'
import { lacksRight, lostDeadlock } from './postgres-fault.ts'
import { createFork } from './postgres-fork.ts'
import { openPool, type PostgresPool } from './postgres-pool.ts'
import { createPostgresPush } from './postgres-push.ts'
import { listsAtOnce, sharesOf } from './postgres-shares.ts'
import type { Prepared, SqlEngine } from './sql-engine.ts'
import { appendAtOnce } from './sql-log.ts'
import type { Schema } from './sql-schema.ts'

export interface PostgresOptions {
  readonly url: string
  readonly poolSize: number
  readonly clock: Clock
  /** Each transaction may get another connection: then no statement is kept prepared, and nothing is listened to. */
  readonly transactionPooler?: boolean
}

const deadlockTries = 3
/** Far more than a statement of a list needs, since each looks at a bounded number of rows. */
const listStatementMs = 2_000
/** Any number that nothing else in the database locks. */
const migrationLock = 0x67_61_74_65

export async function openPostgres(options: PostgresOptions): Promise<{ engine: SqlEngine; push: Push | null }> {
  const { url, poolSize, clock, transactionPooler = false } = options
  const pool = openPool({ url, size: poolSize, transactionPooler })
  const shares = sharesOf(pool, poolSize, clock)
  const work = new Kysely<Schema>({ dialect: postgresDialect(shares.work) })
  const beat = new Kysely<Schema>({ dialect: postgresDialect(shares.beat) })
  const lists = new Kysely<Schema>({ dialect: postgresDialect(shares.work, listStatementMs) })
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
    reader: work,
    urgent: { reader: beat, write: (change) => write(beat, change) },
    lists: { atOnce: listsAtOnce(poolSize), rows: 20_000 },
    list: (make) => transaction(lists, 'read committed', 'read only', make),
    now: () => sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    lock: (query) => query.forUpdate(),
    write: (change) => write(work, change),
    append: (tx, change) => appendAtOnce(tx, engine, change),
    snapshot: (read) => transaction(beat, 'repeatable read', 'read only', read),
    migration: (change) => migration(openPool({ url, size: 1, transactionPooler, unlimited: true }), change),
    prepare: (name, statement, use) => {
      return prepared(shares[use], transactionPooler ? undefined : name, statement.compile(work))
    },
    async fork(seenSeq) {
      await write(beat, (tx) => sql`select gatehouse_fork(${seenSeq}, ${randomBase62(8)})`.execute(tx))
    },
    createRoutines: createFork,
    lacksRight,
    tables: async (any) => {
      const found = await sql<{ name: string }>`select relname as name from pg_catalog.pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')`.execute(any)
      return found.rows.map(({ name }) => name)
    },
    async close() {
      await Promise.all([work, beat, lists].map((db) => db.destroy()))
      await pool.close()
    },
  }
  return { engine, push: transactionPooler ? null : createPostgresPush(shares.beat, url, clock) }
}

type Work<T> = (tx: Kysely<Schema>) => Promise<T>

function write<T>(db: Kysely<Schema>, work: Work<T>): Promise<T> {
  return again(() => transaction(db, 'read committed', 'read write', work))
}

function transaction<T>(
  db: Kysely<Schema>,
  isolation: 'read committed' | 'repeatable read',
  access: 'read only' | 'read write',
  work: Work<T>,
): Promise<T> {
  return db.transaction().setIsolationLevel(isolation).setAccessMode(access).execute(work)
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
async function migration<T>(pool: PostgresPool, work: Work<T>): Promise<T> {
  const db = new Kysely<Schema>({ dialect: postgresDialect(pool) })
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`set local statement_timeout = 0`.execute(tx)
      await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(tx)
      return work(tx)
    })
  } finally {
    await db.destroy()
    await pool.close()
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
