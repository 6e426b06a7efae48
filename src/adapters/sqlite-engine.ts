import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { Kysely, type RawBuilder, sql } from 'kysely'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import type { Prepared, SqlEngine } from './sql-engine.ts'
import { appendInSteps, forkLog } from './sql-log.ts'
import type { Schema } from './sql-schema.ts'
import { type SqliteDialectOptions, sqliteDialect } from './sqlite-dialect.ts'
import { sqliteBusy, sqliteCode, sqliteFault } from './sqlite-fault.ts'
import { createFile, sameFile } from './sqlite-file.ts'

/** A wait inside SQLite stops the whole process, so it is short and the rest of the waiting is done outside. */
const blockingWaitMs = 2
const retryMs = 5
/** How long a statement waits for other processes to finish their writes. */
const patienceMs = 5_000
const migrationPatienceMs = 60_000

type Patiently = SqliteDialectOptions['patiently']

/**
 * SQLite in the process. Three connections: checks and lists read on one of their own, so that they see every commit
 * at once and never wait for a writer (write-ahead log); snapshots on another, lest they hold the first one back.
 */
export async function openSqlite(path: string, clock: Clock): Promise<SqlEngine> {
  createFile(path)
  const isSame = sameFile(path)
  const patiently = patience(clock, patienceMs)
  const openReader = () => openDatabase(path, true)
  const writer = open(() => openDatabase(path, false), 'begin immediate', patiently)
  const reader = open(openReader, 'begin', patiently)
  const snapshots = open(openReader, 'begin', patiently)
  const checks = preparedStatements(openReader, patiently)
  // The first statement on a file that is no database fails, and better here than later.
  await sql`select count(*) from sqlite_master`.execute(writer)
  const write: SqlEngine['write'] = async (work) => {
    isSame()
    return await writer.transaction().execute(work)
  }
  const engine: SqlEngine = {
    kind: 'sqlite',
    types: { integer: sql`integer`, text: sql`text` },
    reader,
    urgent: { reader, write },
    lists: { atOnce: 1, rows: 4_000 },
    list: (work) => work(reader),
    now: () => sql<number>`${Math.round(clock.wall())}`,
    lock: (query) => query,
    write,
    append: (tx, change) => appendInSteps(tx, engine, change),
    snapshot: (work) => snapshots.transaction().execute(work),
    migration: (work) => migration(path, patience(clock, migrationPatienceMs), work),
    prepare: (_name, statement, use) => {
      const run = checks.prepare(statement, reader)
      if (use !== 'beat') return run
      // Without beats the lease lapses, so one look per beat is enough for the checks in between.
      return async (args, options) => {
        isSame()
        return await run(args, options)
      }
    },
    fork: (seenSeq) => write((tx) => forkLog(tx, engine, seenSeq)),
    createRoutines: async () => {},
    lacksRight: () => false,
    tables: async (db) => {
      const found = await sql<{ name: string }>`select name from sqlite_master where type in ('table', 'view')`.execute(
        db,
      )
      return found.rows.map(({ name }) => name)
    },
    async close() {
      checks.close()
      await Promise.all([reader.destroy(), snapshots.destroy()])
      await writer.destroy() // Last: the last connection empties the write-ahead log into the file.
    },
  }
  return engine
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: blockingWaitMs })
  try {
    // FULL: a commit is on the disk before it is acknowledged, also when the machine loses power right after.
    if (!readOnly) database.exec('pragma synchronous = full; pragma journal_size_limit = 67108864')
    database.exec('pragma cache_size = -16000; pragma temp_store = memory')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function open(openIt: () => DatabaseSync, begin: SqliteDialectOptions['begin'], patiently: Patiently): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: sqliteDialect({ open: openIt, begin, patiently }) })
}

/** Tries again every few milliseconds while another process is in the way, for at most `forMs`. */
function patience(clock: Clock, forMs: number): Patiently {
  return async (attempt) => {
    const deadline = clock.mono() + forMs
    for (;;) {
      try {
        return attempt()
      } catch (error) {
        if (sqliteCode(error) !== sqliteBusy || clock.mono() >= deadline) throw error
      }
      // Not a timer of the clock: those do not keep the process alive, which may have nothing else to do.
      await pause(retryMs * (0.5 + Math.random()))
    }
  }
}

/** On a connection of its own, since only here is the file put into write-ahead mode: a change that needs it alone. */
async function migration<T>(path: string, patiently: Patiently, work: (tx: Kysely<Schema>) => Promise<T>): Promise<T> {
  const openForGood = () => {
    const database = openDatabase(path, false)
    try {
      database.exec('pragma journal_mode = wal')
      return database
    } catch (error) {
      database.close()
      throw error
    }
  }
  const db = open(openForGood, 'begin immediate', patiently)
  try {
    return await db.transaction().execute(work)
  } finally {
    await db.destroy()
  }
}

/** The statements of a check, past Kysely: parsed once, and run without a turn of the event loop unless locked. */
function preparedStatements(openReader: () => DatabaseSync, patiently: Patiently) {
  let database: DatabaseSync | undefined
  let closed = false
  const connect = () => {
    if (closed) throw new Fault('store.unavailable', { detail: 'the database is closed' })
    database ??= openReader()
    return database
  }
  return {
    prepare<Row>(raw: RawBuilder<Row>, compiler: Kysely<Schema>): Prepared<Row> {
      const compiled = raw.compile(compiler)
      const order = compiled.parameters as readonly number[]
      let statement: StatementSync | undefined
      return async (args, options) => {
        options?.signal?.throwIfAborted()
        const values = order.map((index) => args[index] ?? null)
        const attempt = () => {
          const open = connect()
          statement ??= open.prepare(compiled.sql)
          return statement.all(...values) as Row[]
        }
        try {
          return attempt()
        } catch (error) {
          if (sqliteCode(error) !== sqliteBusy) throw sqliteFault(error)
        }
        return patiently(attempt).catch((error: unknown) => {
          throw sqliteFault(error)
        })
      }
    },
    close() {
      closed = true
      database?.close()
    },
  }
}
