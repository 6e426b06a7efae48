import { onTestFinished } from 'vitest'
import { openDatabase, type SqlDatabase, type SqlDatabaseOptions } from '../adapters/sql-database.ts'
import type { KeyDigest } from '../authority/store.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Tenant } from '../domain/tenant.ts'
import { systemClock } from '../kernel/clock.ts'

/** An empty database that belongs to one test. */
export interface SqlPlace {
  readonly url: string
  /** Runs one statement past the code under test. */
  run(sql: string): Promise<readonly Record<string, unknown>[]>
}

export type MakePlace = () => Promise<SqlPlace>

/** A connection to `place` that closes with the test. */
export async function openAt(place: SqlPlace, options: Partial<SqlDatabaseOptions> = {}): Promise<SqlDatabase> {
  const db = await openDatabase({ url: place.url, poolSize: 6, clock: systemClock, ...options })
  onTestFinished(() => db.close())
  return db
}

export interface Fixture {
  readonly db: SqlDatabase
  readonly place: SqlPlace
}

export async function migrated(make: MakePlace): Promise<Fixture> {
  const place = await make()
  const db = await openAt(place)
  await db.migrate()
  return { db, place }
}

export const aTenant = (id: string, changes: Partial<Tenant> = {}): Tenant => ({
  ...{ id, name: `Tenant ${id}`, state: 'active', keyPrefix: null, metadata: { plan: 'free' } },
  ...{ createdAtMs: 1000, updatedAtMs: 1000 },
  ...changes,
})

export const anApp = (id: string, tenantId: string, changes: Partial<App> = {}): App => ({
  ...{ id, tenantId, name: `App ${id}`, mode: 'chat', state: 'active', metadata: {} },
  ...{ createdAtMs: 1000, updatedAtMs: 1000 },
  ...changes,
})

export const aKey = (id: string, changes: Partial<ApiKey> = {}): ApiKey => ({
  ...{ id, kind: 'service', tenantId: null, appId: null, name: `Key ${id}`, prefix: 'gh_svc', lastFour: 'abcd' },
  ...{ state: 'active', scopes: ['read'], permissions: ['a.b'], allowedCidrs: ['10.0.0.0/8'], environment: 'test' },
  ...{ metadata: { team: 'blue', deep: { list: [1, null] } }, createdAtMs: 1000, updatedAtMs: 2000 },
  ...{ expiresAtMs: null, revokedAtMs: null, rotatedAtMs: null, previousValidUntilMs: null, lastUsedAtMs: null },
  ...changes,
})

export const aDigest = (keyId: string, changes: Partial<KeyDigest> = {}): KeyDigest => ({
  ...{ digest: `digest-of-${keyId}`, keyId, pepperGeneration: 1, graceEndsAtMs: null, idempotencyDigest: null },
  createdAtMs: 1000,
  ...changes,
})

export const anEntry = (id: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ id, atMs: 1000, actor: { id: 'cli', ip: '::1', requestId: 'req-1' }, action: 'key.create' },
  ...{ subjectType: 'key', subjectId: 'key-1', tenantId: null, changes: { name: ['old', 'new'] } },
  ...changes,
})

/** The key with its one digest. */
export async function insertKey(db: SqlDatabase, key: ApiKey, digest = aDigest(key.id)): Promise<void> {
  await db.store.write((tx) => tx.insertKey(key, digest))
}

/** One change over `subjects`, in a transaction of its own. */
export async function markChange(db: SqlDatabase, subjects: readonly string[], terminal = false, restricts = true) {
  const { position } = await db.store.write(async (tx) => tx.mark({ subjects, terminal, restricts }))
  if (!position) throw new Error('A marked change has no position')
  return position
}
