import { type SqlBool, sql } from 'kysely'
import type { KeyQuery, Store } from '../authority/store.ts'
import type { Clock } from '../kernel/clock.ts'
import type { SqlEngine } from './sql-engine.ts'
import { type MakePage, sqlLists } from './sql-lists.ts'
import type { Condition } from './sql-pages.ts'
import { appOf, auditOf, digestOf, keyOf, tenantOf } from './sql-rows.ts'
import { sqlWriteTransaction } from './sql-write-transaction.ts'

export function sqlStore(engine: SqlEngine, clock: Clock): Store {
  const page = sqlLists(engine, clock)
  return {
    ...writes(engine, clock),
    ...keyReads(engine, page),
    ...ownerReads(engine, page),
    ...recordReads(engine, page),
  }
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

const present = sql<SqlBool>`deleted_at_ms is null`

/** Most keys are active: what is not is the more selective filter. */
function keyFilters({ appId, tenantId, state, kind }: KeyQuery): readonly Condition[] {
  return [
    ...equals('app_id', appId),
    ...equals('tenant_id', tenantId),
    ...equals('state', state === 'active' ? undefined : state),
    ...equals('kind', kind),
    ...equals('state', state === 'active' ? state : undefined),
  ]
}

function keyReads({ reader: db }: SqlEngine, page: MakePage): Pick<Store, 'key' | 'keys' | 'digests'> {
  const list = { table: 'keys', time: 'created_at_ms', present, searched: byName, read: keyOf } as const
  return {
    async key(id) {
      const query = db.selectFrom('keys').selectAll().where('deleted_at_ms', 'is', null).where('id', '=', id)
      const row = await query.executeTakeFirst()
      return row && keyOf(row)
    },
    keys: (query) => page({ ...list, filters: keyFilters(query) }, query),
    async digests(keyId) {
      const query = db.selectFrom('key_digests').selectAll().where('key_id', '=', keyId)
      return (await query.orderBy('created_at_ms').orderBy('digest').execute()).map(digestOf)
    },
  }
}

function ownerReads({ reader: db }: SqlEngine, page: MakePage): Pick<Store, 'tenant' | 'tenants' | 'app' | 'apps'> {
  const list = { time: 'created_at_ms', searched: byName } as const
  return {
    async tenant(id) {
      const row = await db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()
      return row && tenantOf(row)
    },
    tenants(query) {
      return page({ ...list, table: 'tenants', filters: equals('id', query.tenantId), read: tenantOf }, query)
    },
    async app(id) {
      const row = await db.selectFrom('apps').selectAll().where('id', '=', id).executeTakeFirst()
      return row && appOf(row)
    },
    apps: (query) => page({ ...list, table: 'apps', filters: equals('tenant_id', query.tenantId), read: appOf }, query),
  }
}

function recordReads({ reader: db }: SqlEngine, page: MakePage): Pick<Store, 'audit' | 'patterns'> {
  const searched = { name: 'action', id: 'subject_id' }
  return {
    audit(query) {
      const filters = [...equals('subject_id', query.subjectId), ...equals('tenant_id', query.tenantId)]
      return page({ table: 'audit', time: 'at_ms', filters, searched, read: auditOf }, query)
    },
    patterns: () => db.selectFrom('foreign_patterns').selectAll().orderBy('id').execute(),
  }
}

const byName = { name: 'name', id: 'id' }

function equals(column: string, value: string | undefined): readonly Condition[] {
  return value === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} = ${value}`]
}
