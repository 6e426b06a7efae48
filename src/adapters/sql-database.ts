import type { CredentialSource, Store, UsageStore, VaultStore } from '../authority/store.ts'
import type { NodeRegistry } from '../cache/node-registry.ts'
import type { Push } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { sqlChangeLog, type TrimmableLog } from './sql-change-log.ts'
import { sqlCredentialSource } from './sql-credential-source.ts'
import { type Duties, sqlDuties } from './sql-duties.ts'
import type { SqlEngine } from './sql-engine.ts'
import { type Migration, migrations } from './sql-migrations.ts'
import { migrate, type SchemaState, schemaState } from './sql-migrator.ts'
import { sqlNodeRegistry } from './sql-node-registry.ts'
import { sqlStore } from './sql-store.ts'
import { sqlUsageStore } from './sql-usage-store.ts'
import { sqlVaultStore } from './sql-vault-store.ts'

export interface SqlDatabaseOptions {
  /** `postgres://…` or `sqlite:PATH`. */
  readonly url: string
  /** Most connections to PostgreSQL at a time, from this process; one more listens for pushes. */
  readonly poolSize: number
  readonly clock: Clock
  /** PostgreSQL stands behind a pooler that gives each transaction another connection; `false` by default. */
  readonly transactionPooler?: boolean
  /** Instead of the program's own, to stand in for an older or newer program. */
  readonly migrations?: readonly Migration[]
}

/** All that is kept in SQL, behind its ports. */
export interface SqlDatabase {
  readonly kind: 'sqlite' | 'postgres'
  readonly store: Store
  readonly credentials: CredentialSource
  readonly changeLog: TrimmableLog
  readonly nodes: NodeRegistry
  readonly usage: UsageStore
  readonly vault: VaultStore
  readonly duties: Duties
  /** `null` on SQLite and behind a transaction pooler, which cannot tell other processes: those wait for their next beat. */
  readonly push: Push | null
  /** Brings the schema up to date; safe on several nodes at once. Answers with the names of what it did. */
  migrate(): Promise<readonly string[]>
  schemaState(): Promise<SchemaState>
  /** Throws `Fault('store.unavailable')` unless the database answers a query. */
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Connects, and asks one query. Throws `Fault('setting.invalid')` or `Fault('store.unavailable')` with a sentence that
 * names DATABASE_URL and the mend. Nothing is written: call `migrate`, or look at `schemaState`, before anything else.
 */
export async function openDatabase(options: SqlDatabaseOptions): Promise<SqlDatabase> {
  const known = options.migrations ?? migrations
  const { engine, push } = await connect(options)
  return {
    kind: engine.kind,
    store: sqlStore(engine, options.clock),
    credentials: sqlCredentialSource(engine),
    changeLog: sqlChangeLog(engine),
    nodes: sqlNodeRegistry(engine),
    usage: sqlUsageStore(engine),
    vault: sqlVaultStore(engine),
    duties: sqlDuties(engine),
    push,
    migrate: () => migrate(engine, known),
    schemaState: () => schemaState(engine, engine.reader, known),
    async ping() {
      await engine.urgent.reader.selectNoFrom((eb) => eb.lit(1).as('one')).execute()
    },
    async close() {
      await push?.close()
      await engine.close()
    },
  }
}

/** Each driver is loaded only where it is used. */
async function connect(options: SqlDatabaseOptions): Promise<{ engine: SqlEngine; push: Push | null }> {
  const { url, clock } = options
  const path = sqlitePath(url)
  if (path !== undefined) {
    const { openSqlite } = await import('./sqlite-engine.ts')
    return { engine: await openSqlite(path, clock), push: null }
  }
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new Fault('setting.invalid', { detail: 'DATABASE_URL must be postgres://… or sqlite:PATH' })
  }
  const { openPostgres } = await import('./postgres-engine.ts')
  return openPostgres(options)
}

/** `sqlite:data/gatehouse.db`, `sqlite:/var/lib/gatehouse.db` and `sqlite:///var/lib/gatehouse.db`. */
export function sqlitePath(url: string): string | undefined {
  if (!url.startsWith('sqlite:')) return undefined
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  if (path !== '' && path !== ':memory:' && !path.startsWith('//') && !path.includes('\0')) return path
  throw new Fault('setting.invalid', {
    detail: 'DATABASE_URL names no file: write sqlite:PATH, such as sqlite:.gatehouse/gatehouse.db',
  })
}
