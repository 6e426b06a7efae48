import type { Kysely } from 'kysely'
import type { ChangeMark, KeyDigest, WriteTransaction } from '../authority/store.ts'
import type { Position } from '../cache/change-log.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import { Fault } from '../kernel/fault.ts'
import type { SqlEngine } from './sql-engine.ts'
import { appOf, appRow, auditRow, digestOf, digestRow, keyOf, keyRow, tenantOf, tenantRow } from './sql-rows.ts'
import type { Schema } from './sql-schema.ts'
import { conflictFault } from './sql-text.ts'

/** `append` is called once, after the work: it writes what was marked and says where the log then stands. */
export interface SqlWriteTransaction extends WriteTransaction {
  append(): Promise<Position | null>
}

/**
 * Inserts never break a transaction when the row exists: they throw `request.conflict` and leave all as it was, so
 * that an import can go on with its next line.
 */
export function sqlWriteTransaction(tx: Kysely<Schema>, engine: SqlEngine): SqlWriteTransaction {
  const owners = ownerLocks(tx, engine)
  const marks = changeMarks()
  return {
    ...keyWrites(tx, engine, owners),
    ...ownerWrites(tx, engine, owners),
    ...recordWrites(tx, engine),
    mark: marks.add,
    async append() {
      let position: Position | null = null
      for (const change of marks.rows()) position = await engine.append(tx, change)
      return position
    },
  }
}

type Owners = ReturnType<typeof ownerLocks>

function keyWrites(tx: Kysely<Schema>, engine: SqlEngine, owners: Owners) {
  const insertDigest = async (digest: KeyDigest): Promise<void> => {
    const done = await tx
      .insertInto('key_digests')
      .values(digestRow(digest))
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    inserted(done.numInsertedOrUpdatedRows, 'key_digests')
  }
  return {
    async key(id: string) {
      const query = tx.selectFrom('keys').selectAll().where('id', '=', id).where('deleted_at_ms', 'is', null)
      const row = await engine.lock(query).executeTakeFirst()
      return row && keyOf(row)
    },
    async insertKey(key: ApiKey, digest: KeyDigest) {
      if (key.tenantId !== null) await owners.needTenant(key.tenantId)
      if (key.appId !== null) await owners.needApp(key.appId)
      await insertDigest(digest)
      const done = await tx
        .insertInto('keys')
        .values({ ...keyRow(key), last_used_at_ms: key.lastUsedAtMs, deleted_at_ms: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (done.numInsertedOrUpdatedRows === 1n) return
      await tx.deleteFrom('key_digests').where('digest', '=', digest.digest).execute()
      throw conflictFault('keys')
    },
    async saveKey(key: ApiKey) {
      const query = tx.updateTable('keys').set(keyRow(key)).where('id', '=', key.id).where('deleted_at_ms', 'is', null)
      found((await query.executeTakeFirst()).numUpdatedRows)
    },
    async deleteKey(id: string, atMs: number) {
      const query = tx.updateTable('keys').set({ deleted_at_ms: atMs }).where('id', '=', id)
      found((await query.where('deleted_at_ms', 'is', null).executeTakeFirst()).numUpdatedRows)
    },
    async digests(keyId: string) {
      const query = tx.selectFrom('key_digests').selectAll().where('key_id', '=', keyId)
      return (await engine.lock(query.orderBy('created_at_ms').orderBy('digest')).execute()).map(digestOf)
    },
    insertDigest,
    async setGrace(digest: string, graceEndsAtMs: number) {
      const query = tx.updateTable('key_digests').set({ grace_ends_at_ms: graceEndsAtMs })
      found((await query.where('digest', '=', digest).executeTakeFirst()).numUpdatedRows)
    },
    async digestByIdempotency(idempotencyDigest: string) {
      const query = tx.selectFrom('key_digests').selectAll().where('idempotency_digest', '=', idempotencyDigest)
      const row = await engine.lock(query).executeTakeFirst()
      return row && digestOf(row)
    },
  } satisfies Partial<WriteTransaction>
}

function ownerWrites(tx: Kysely<Schema>, engine: SqlEngine, owners: Owners) {
  return {
    tenant: owners.tenant,
    app: owners.app,
    async insertTenant(tenant) {
      const query = tx.insertInto('tenants').values(tenantRow(tenant))
      const done = await query.onConflict((conflict) => conflict.doNothing()).executeTakeFirst()
      inserted(done.numInsertedOrUpdatedRows, 'tenants_name')
    },
    async saveTenant(tenant) {
      const query = tx.updateTable('tenants').set(tenantRow(tenant)).where('id', '=', tenant.id)
      found((await query.executeTakeFirst()).numUpdatedRows)
    },
    async deleteTenant(id) {
      await engine.lock(tx.selectFrom('tenants').select('id').where('id', '=', id)).execute()
      const app = await tx.selectFrom('apps').select('id').where('tenant_id', '=', id).limit(1).executeTakeFirst()
      const keys = tx.selectFrom('keys').select('id').where('tenant_id', '=', id).where('deleted_at_ms', 'is', null)
      if (app ?? (await keys.limit(1).executeTakeFirst())) {
        throw new Fault('request.conflict', {
          public: 'Apps or keys still belong to this tenant',
          fix: 'Delete them first.',
        })
      }
      found((await tx.deleteFrom('tenants').where('id', '=', id).executeTakeFirst()).numDeletedRows)
    },
    async appIsUsed(id) {
      const query = tx.selectFrom('keys').select('id').where('app_id', '=', id).where('state', '!=', 'revoked')
      return (await query.where('deleted_at_ms', 'is', null).limit(1).executeTakeFirst()) !== undefined
    },
    async insertApp(app: App) {
      await owners.needTenant(app.tenantId)
      const query = tx.insertInto('apps').values(appRow(app))
      const done = await query.onConflict((conflict) => conflict.doNothing()).executeTakeFirst()
      inserted(done.numInsertedOrUpdatedRows, 'apps_name')
    },
    async saveApp(app) {
      const query = tx.updateTable('apps').set(appRow(app)).where('id', '=', app.id)
      found((await query.executeTakeFirst()).numUpdatedRows)
    },
    async deleteApp(id) {
      found((await tx.deleteFrom('apps').where('id', '=', id).executeTakeFirst()).numDeletedRows)
    },
  } satisfies Partial<WriteTransaction>
}

function recordWrites(tx: Kysely<Schema>, engine: SqlEngine) {
  const adminMark = 'had_admin_key'
  return {
    async insertPattern(pattern) {
      const query = tx.insertInto('foreign_patterns').values(pattern)
      await query.onConflict((conflict) => conflict.doNothing()).execute()
    },
    async hadAdminKey() {
      const query = tx.selectFrom('meta').select('value').where('name', '=', adminMark)
      return (await engine.lock(query).executeTakeFirst())?.value === 'yes'
    },
    async noteAdminKey() {
      await tx.updateTable('meta').set({ value: 'yes' }).where('name', '=', adminMark).execute()
    },
    async audit(entry) {
      await tx.insertInto('audit').values(auditRow(entry)).execute()
    },
  } satisfies Partial<WriteTransaction>
}

/** Locks each owner once, so that it cannot be deleted while something is hung on it. */
function ownerLocks(tx: Kysely<Schema>, engine: SqlEngine) {
  const seen = new Set<string>()
  const tenant = async (id: string) => {
    const row = await engine.lock(tx.selectFrom('tenants').selectAll().where('id', '=', id)).executeTakeFirst()
    if (row) seen.add(id)
    return row && tenantOf(row)
  }
  const app = async (id: string) => {
    const row = await engine.lock(tx.selectFrom('apps').selectAll().where('id', '=', id)).executeTakeFirst()
    if (row) seen.add(id)
    return row && appOf(row)
  }
  const gone = (what: string) => new Fault('request.conflict', { public: `There is no such ${what}` })
  return {
    tenant,
    app,
    async needTenant(id: string) {
      if (!(seen.has(id) || (await tenant(id)))) throw gone('tenant')
    },
    async needApp(id: string) {
      if (!(seen.has(id) || (await app(id)))) throw gone('app')
    },
  }
}

/** Joins what was marked into one row; what ends for good and what does not must not share one. */
function changeMarks() {
  const rows = new Map<string, Required<ChangeMark> & { subjects: string[] }>()
  return {
    add({ subjects, terminal = false, restricts }: ChangeMark) {
      const kind = `${terminal} ${restricts}`
      const row = rows.get(kind)
      if (row) row.subjects.push(...subjects)
      else rows.set(kind, { subjects: [...subjects], terminal, restricts })
    },
    rows: (): readonly Required<ChangeMark>[] => [...rows.values()],
  }
}

function inserted(count: bigint | undefined, index: string): void {
  if (count !== 1n) throw conflictFault(index)
}

function found(count: bigint): void {
  if (count !== 1n) throw new Fault('request.not-found')
}
