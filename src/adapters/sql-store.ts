import type { Store } from '../authority/store.ts'
import type { Clock } from '../kernel/clock.ts'
import type { SqlEngine } from './sql-engine.ts'
import { afterCursor, type Condition, matching, pageOf, rowsFor } from './sql-pages.ts'
import { appOf, auditOf, digestOf, keyOf, tenantOf } from './sql-rows.ts'
import { sqlWriteTransaction } from './sql-write-transaction.ts'

export function sqlStore(engine: SqlEngine, clock: Clock): Store {
  return { ...writes(engine, clock), ...keyReads(engine), ...ownerReads(engine), ...recordReads(engine) }
}

function writes(engine: SqlEngine, clock: Clock): Pick<Store, 'write'> {
  return {
    async write(work) {
      const done = await engine.write(async (db) => {
        const tx = sqlWriteTransaction(db, engine)
        const value = await work(tx)
        return { value, position: await tx.append() }
      })
      return { ...done, committedAtMs: Math.round(clock.wall()) }
    },
  }
}

function keyReads({ reader: db }: SqlEngine): Pick<Store, 'key' | 'keys' | 'digests'> {
  const present = db.selectFrom('keys').selectAll().where('deleted_at_ms', 'is', null)
  return {
    async key(id) {
      const row = await present.where('id', '=', id).executeTakeFirst()
      return row && keyOf(row)
    },
    async keys(query) {
      let found = present
      if (query.tenantId !== undefined) found = found.where('tenant_id', '=', query.tenantId)
      if (query.appId !== undefined) found = found.where('app_id', '=', query.appId)
      if (query.kind !== undefined) found = found.where('kind', '=', query.kind)
      if (query.state !== undefined) found = found.where('state', '=', query.state)
      for (const one of byCreation(query)) found = found.where(one)
      const rows = await found.orderBy('created_at_ms', 'desc').orderBy('id', 'desc').limit(rowsFor(query)).execute()
      return pageOf(query, rows, created, keyOf)
    },
    async digests(keyId) {
      const query = db.selectFrom('key_digests').selectAll().where('key_id', '=', keyId)
      return (await query.orderBy('created_at_ms').orderBy('digest').execute()).map(digestOf)
    },
  }
}

function ownerReads({ reader: db }: SqlEngine): Pick<Store, 'tenant' | 'tenants' | 'app' | 'apps'> {
  return {
    async tenant(id) {
      const row = await db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()
      return row && tenantOf(row)
    },
    async tenants(query) {
      let found = db.selectFrom('tenants').selectAll()
      if (query.tenantId !== undefined) found = found.where('id', '=', query.tenantId)
      for (const one of byCreation(query)) found = found.where(one)
      const rows = await found.orderBy('created_at_ms', 'desc').orderBy('id', 'desc').limit(rowsFor(query)).execute()
      return pageOf(query, rows, created, tenantOf)
    },
    async app(id) {
      const row = await db.selectFrom('apps').selectAll().where('id', '=', id).executeTakeFirst()
      return row && appOf(row)
    },
    async apps(query) {
      let found = db.selectFrom('apps').selectAll()
      if (query.tenantId !== undefined) found = found.where('tenant_id', '=', query.tenantId)
      for (const one of byCreation(query)) found = found.where(one)
      const rows = await found.orderBy('created_at_ms', 'desc').orderBy('id', 'desc').limit(rowsFor(query)).execute()
      return pageOf(query, rows, created, appOf)
    },
  }
}

function recordReads({ reader: db }: SqlEngine): Pick<Store, 'audit' | 'patterns'> {
  return {
    async audit(query) {
      let found = db.selectFrom('audit').selectAll()
      if (query.tenantId !== undefined) found = found.where('tenant_id', '=', query.tenantId)
      if (query.subjectId !== undefined) found = found.where('subject_id', '=', query.subjectId)
      for (const one of [...afterCursor(query, 'at_ms'), ...matching(query, 'action', 'subject_id')])
        found = found.where(one)
      const rows = await found.orderBy('at_ms', 'desc').orderBy('id', 'desc').limit(rowsFor(query)).execute()
      return pageOf(query, rows, ({ at_ms, id }) => ({ atMs: at_ms, id }), auditOf)
    },
    patterns: () => db.selectFrom('foreign_patterns').selectAll().orderBy('id').execute(),
  }
}

type Query = Parameters<typeof matching>[0]

function byCreation(query: Query): readonly Condition[] {
  return [...afterCursor(query, 'created_at_ms'), ...matching(query, 'name', 'id')]
}

function created(row: { readonly created_at_ms: number; readonly id: string }) {
  return { atMs: row.created_at_ms, id: row.id }
}
