import { type Kysely, sql } from 'kysely'
import { randomBase62 } from '../kernel/id.ts'
import type { SqlEngine } from './sql-engine.ts'
import type { Schema } from './sql-schema.ts'

/**
 * Expand, then contract: a migration adds what the next version needs and leaves what the last one uses. Only one that
 * takes something away raises `minReaderVersion`, a release after nothing reads it any more.
 */
export interface Migration {
  readonly version: number
  readonly name: string
  /** Programs below this version may no longer use the database. */
  readonly minReaderVersion?: number
  up(tx: Kysely<Schema>, engine: SqlEngine): Promise<void>
}

export const migrations: readonly Migration[] = [{ version: 1, name: 'keys, change log, nodes, audit', up: first }]

async function first(tx: Kysely<Schema>, engine: SqlEngine): Promise<void> {
  await createOwners(tx, engine)
  await createKeys(tx, engine)
  await createLog(tx, engine)
  await createRecords(tx, engine)
  await engine.createRoutines(tx)
  // Here from the start, so that two nodes that make the first admin key have a row to queue at.
  await tx.insertInto('meta').values({ name: 'had_admin_key', value: 'no' }).execute()
}

async function createOwners(tx: Kysely<Schema>, { types: { integer, text } }: SqlEngine): Promise<void> {
  await tx.schema
    .createTable('tenants')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('state', text, (c) => c.notNull())
    .addColumn('key_prefix', text)
    .addColumn('metadata_json', text, (c) => c.notNull())
    .addColumn('created_at_ms', integer, (c) => c.notNull())
    .addColumn('updated_at_ms', integer, (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('tenants_name').unique().on('tenants').column('name').execute()
  await tx.schema.createIndex('tenants_created').on('tenants').columns(['created_at_ms desc', 'id desc']).execute()
  await tx.schema
    .createTable('apps')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('tenant_id', text, (c) => c.notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('mode', text, (c) => c.notNull())
    .addColumn('state', text, (c) => c.notNull())
    .addColumn('metadata_json', text, (c) => c.notNull())
    .addColumn('created_at_ms', integer, (c) => c.notNull())
    .addColumn('updated_at_ms', integer, (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('apps_name').unique().on('apps').columns(['tenant_id', 'name']).execute()
  await tx.schema.createIndex('apps_created').on('apps').columns(['created_at_ms desc', 'id desc']).execute()
  const byTenant = ['tenant_id', 'created_at_ms desc', 'id desc']
  await tx.schema.createIndex('apps_tenant').on('apps').columns(byTenant).execute()
}

async function createKeys(tx: Kysely<Schema>, { types: { integer, text } }: SqlEngine): Promise<void> {
  await tx.schema
    .createTable('keys')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('kind', text, (c) => c.notNull())
    .addColumn('tenant_id', text)
    .addColumn('app_id', text)
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('prefix', text, (c) => c.notNull())
    .addColumn('last_four', text, (c) => c.notNull())
    .addColumn('state', text, (c) => c.notNull())
    .addColumn('scopes_json', text, (c) => c.notNull())
    .addColumn('permissions_json', text, (c) => c.notNull())
    .addColumn('cidrs_json', text, (c) => c.notNull())
    .addColumn('environment', text)
    .addColumn('metadata_json', text, (c) => c.notNull())
    .addColumn('created_at_ms', integer, (c) => c.notNull())
    .addColumn('updated_at_ms', integer, (c) => c.notNull())
    .addColumn('expires_at_ms', integer)
    .addColumn('revoked_at_ms', integer)
    .addColumn('rotated_at_ms', integer)
    .addColumn('previous_valid_until_ms', integer)
    .addColumn('last_used_at_ms', integer)
    .addColumn('deleted_at_ms', integer)
    .execute()
  const keys = (name: string) => tx.schema.createIndex(name).on('keys')
  // For each filter of the list an index in the list's order, without what is deleted.
  for (const [name, ...filter] of [
    ['created'],
    ['tenant', 'tenant_id'],
    ['app', 'app_id'],
    ['kind', 'kind'],
    ['state', 'state'],
  ]) {
    await keys(`keys_${name}`)
      .columns([...filter, 'created_at_ms desc', 'id desc'])
      .where('deleted_at_ms', 'is', null)
      .execute()
  }
  await keys('keys_used').column('last_used_at_ms desc').where('last_used_at_ms', 'is not', null).execute()
  await tx.schema
    .createTable('key_digests')
    .addColumn('digest', text, (c) => c.primaryKey().notNull())
    .addColumn('key_id', text, (c) => c.notNull())
    .addColumn('pepper_generation', integer, (c) => c.notNull())
    .addColumn('grace_ends_at_ms', integer)
    .addColumn('idempotency_digest', text)
    .addColumn('created_at_ms', integer, (c) => c.notNull())
    .execute()
  const digests = (name: string) => tx.schema.createIndex(name).on('key_digests')
  await digests('key_digests_key').column('key_id').execute()
  await digests('key_digests_idempotency').unique().column('idempotency_digest').execute()
  await tx.schema
    .createTable('foreign_patterns')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('prefix', text, (c) => c.notNull())
    .addColumn('length', integer, (c) => c.notNull())
    .addColumn('alphabet', text, (c) => c.notNull())
    .addUniqueConstraint('foreign_patterns_pattern', ['prefix', 'length', 'alphabet'])
    .execute()
}

async function createLog(tx: Kysely<Schema>, engine: SqlEngine): Promise<void> {
  const { integer, text } = engine.types
  await tx.schema
    .createTable('change_log')
    .addColumn('seq', integer, (c) => c.primaryKey().notNull())
    .addColumn('mark', text, (c) => c.notNull())
    .addColumn('previous_mark', text, (c) => c.notNull())
    .addColumn('subjects_json', text, (c) => c.notNull())
    .addColumn('terminal', integer, (c) => c.notNull())
    .addColumn('restricts', integer, (c) => c.notNull())
    .addColumn('at_ms', integer, (c) => c.notNull())
    .execute()
  await tx.schema
    .createTable('log_head')
    .addColumn('one', integer, (c) => c.primaryKey().notNull().check(sql`one = 1`))
    .addColumn('seq', integer, (c) => c.notNull())
    .addColumn('mark', text, (c) => c.notNull())
    .addColumn('previous_mark', text, (c) => c.notNull())
    .execute()
  await tx.schema
    .createTable('floors')
    .addColumn('subject', text, (c) => c.primaryKey().notNull())
    .addColumn('seq', integer, (c) => c.notNull())
    .addColumn('terminal', integer, (c) => c.notNull())
    .addColumn('at_ms', integer, (c) => c.notNull())
    .execute()
  await tx.schema.createIndex('floors_seq').on('floors').column('seq').execute()
  const genesis = { seq: 0, mark: randomBase62(8), previous_mark: '' }
  await tx
    .insertInto('log_head')
    .values({ one: 1, ...genesis })
    .execute()
  await tx
    .insertInto('change_log')
    .values({ ...genesis, subjects_json: '[]', terminal: 0, restricts: 0, at_ms: engine.now() })
    .execute()
}

async function createRecords(tx: Kysely<Schema>, { types: { integer, text } }: SqlEngine): Promise<void> {
  await tx.schema
    .createTable('peppers')
    .addColumn('generation', integer, (c) => c.primaryKey().notNull())
    .addColumn('wrapped', text, (c) => c.notNull())
    .execute()
  await tx.schema
    .createTable('nodes')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('name', text, (c) => c.notNull())
    .addColumn('lease_ms', integer, (c) => c.notNull())
    .addColumn('grace_ms', integer, (c) => c.notNull())
    .addColumn('applied_seq', integer, (c) => c.notNull())
    .addColumn('seen_at_ms', integer, (c) => c.notNull())
    .addColumn('left_at_ms', integer)
    .execute()
  await tx.schema
    .createTable('audit')
    .addColumn('id', text, (c) => c.primaryKey().notNull())
    .addColumn('at_ms', integer, (c) => c.notNull())
    .addColumn('actor_id', text, (c) => c.notNull())
    .addColumn('actor_ip', text)
    .addColumn('request_id', text)
    .addColumn('action', text, (c) => c.notNull())
    .addColumn('subject_type', text, (c) => c.notNull())
    .addColumn('subject_id', text, (c) => c.notNull())
    .addColumn('tenant_id', text)
    .addColumn('changes_json', text, (c) => c.notNull())
    .execute()
  const audit = (name: string) => tx.schema.createIndex(name).on('audit')
  await audit('audit_at').columns(['at_ms desc', 'id desc']).execute()
  await audit('audit_tenant').columns(['tenant_id', 'at_ms desc', 'id desc']).execute()
  await audit('audit_subject').columns(['subject_id', 'at_ms desc', 'id desc']).execute()
}
