import { type Kysely, sql } from 'kysely'
import { Fault } from '../kernel/fault.ts'
import type { SqlEngine } from './sql-engine.ts'
import { type Migration, migrations } from './sql-migrations.ts'
import type { Schema } from './sql-schema.ts'

/** What stands in the database, as this program sees it. */
export type SchemaState =
  | { readonly kind: 'empty' }
  /** Of this version, or of a newer one that still lets this program in. */
  | { readonly kind: 'ready'; readonly version: number }
  /** `pending`: the names of what `migrate` would do. */
  | { readonly kind: 'behind'; readonly version: number; readonly pending: readonly string[] }
  | { readonly kind: 'incompatible'; readonly version: number; readonly minReaderVersion: number }
  /** Tables of our names that are not ours. */
  | { readonly kind: 'foreign'; readonly tables: readonly string[] }

const ownTables = [
  ...['meta', 'peppers', 'tenants', 'apps', 'keys', 'key_digests', 'foreign_patterns', 'change_log', 'log_head'],
  ...['floors', 'nodes', 'audit'],
]

export async function schemaState(
  engine: SqlEngine,
  db: Kysely<Schema> = engine.reader,
  known: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const tables = (await engine.tables(db)).filter((name) => ownTables.includes(name))
  if (tables.length === 0) return { kind: 'empty' }
  const stamp = tables.includes('meta') ? await readStamp(db) : undefined
  if (!stamp) return { kind: 'foreign', tables }
  const newest = known.at(-1)?.version ?? 0
  if (stamp.minReaderVersion > newest) return { kind: 'incompatible', ...stamp }
  const pending = known.filter(({ version }) => version > stamp.version).map(({ name }) => name)
  return pending.length > 0
    ? { kind: 'behind', version: stamp.version, pending }
    : { kind: 'ready', version: stamp.version }
}

/** `undefined` for a table `meta` that is not ours. */
async function readStamp(db: Kysely<Schema>) {
  const names = ['schema_version', 'min_reader_version']
  const query = db.selectFrom('meta').select(['name', 'value']).where('name', 'in', names)
  const rows = await query.execute().catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'store.unavailable') throw error
    return []
  })
  const [version, minReaderVersion] = names.map((name) => Number(rows.find((row) => row.name === name)?.value))
  if (!Number.isSafeInteger(version) || !Number.isSafeInteger(minReaderVersion)) return undefined
  return { version: version as number, minReaderVersion: minReaderVersion as number }
}

/**
 * Brings the schema up to date and answers with the names of what it did. Any number of nodes may call it at once.
 * Throws `Fault('store.incompatible')`, and has then touched nothing, when the database is not one this program may use.
 */
export async function migrate(engine: SqlEngine, known: readonly Migration[] = migrations): Promise<readonly string[]> {
  const before = usable(await schemaState(engine, engine.reader, known))
  if (before.kind === 'ready') return []
  return engine.migration(async (tx) => {
    const state = usable(await schemaState(engine, tx, known))
    if (state.kind === 'empty') await createMeta(tx, engine)
    const version = state.kind === 'empty' ? 0 : state.version
    const pending = known.filter((migration) => migration.version > version)
    for (const migration of pending) await apply(tx, engine, migration)
    return pending.map(({ name }) => name)
  })
}

/** Throws for the states in which nothing may be read or written. */
export function usable(state: SchemaState): Exclude<SchemaState, { kind: 'incompatible' | 'foreign' }> {
  if (state.kind === 'incompatible') {
    throw new Fault('store.incompatible', {
      detail:
        `the database at DATABASE_URL has schema ${state.version}, which lets in programs from schema ` +
        `${state.minReaderVersion} on; start a newer Gatehouse, nothing was changed`,
    })
  }
  if (state.kind === 'foreign') {
    throw new Fault('store.incompatible', {
      detail:
        `the database at DATABASE_URL has tables that are not Gatehouse's (${state.tables.join(', ')}); ` +
        'name an empty database, nothing was changed',
    })
  }
  return state
}

async function createMeta(tx: Kysely<Schema>, { types }: SqlEngine): Promise<void> {
  await tx.schema
    .createTable('meta')
    .addColumn('name', types.text, (c) => c.primaryKey().notNull())
    .addColumn('value', types.text, (c) => c.notNull())
    .execute()
  await tx
    .insertInto('meta')
    .values(['schema_version', 'min_reader_version'].map((name) => ({ name, value: '0' })))
    .execute()
}

async function apply(tx: Kysely<Schema>, engine: SqlEngine, migration: Migration): Promise<void> {
  await migration.up(tx, engine)
  await setMeta(tx, 'schema_version', migration.version)
  if (migration.minReaderVersion !== undefined) await setMeta(tx, 'min_reader_version', migration.minReaderVersion)
}

async function setMeta(tx: Kysely<Schema>, name: string, value: number): Promise<void> {
  await tx
    .updateTable('meta')
    .set({ value: sql.val(String(value)) })
    .where('name', '=', name)
    .execute()
}
