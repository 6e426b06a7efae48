import { existsSync } from 'node:fs'
import { openDatabase, type SqlDatabase, sqlitePath } from './adapters/sql-database.ts'
import { usable } from './adapters/sql-migrator.ts'
import type { IssuedKey } from './authority/authority.ts'
import { createAuthority } from './authority/create-authority.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { Fault } from './kernel/fault.ts'
import type { Secret } from './kernel/secret.ts'
import { openKeyring, verifierOf } from './runtime-keyring.ts'
import type { Settings } from './settings.ts'

/** What can be done with the database alone, whether or not servers run on it. */
export interface Offline {
  /** Brings the schema up to date and answers with the names of what it did. */
  migrate(): Promise<readonly string[]>
  /** Needs the master key. The new key rules over all tenants; those that exist stay as they are. */
  recoverAdmin(): Promise<IssuedKey>
  /** Needs the master key. What an app that embeds the check is given in its place. */
  verifier(): Promise<Secret>
  close(): Promise<void>
}

/** Opens the database when the first thing is asked of it. */
export function openForOffline(settings: Settings, clock: Clock = systemClock): Offline {
  let opened: Promise<SqlDatabase> | undefined
  const open = () => {
    opened ??= openDatabase({ url: settings.databaseUrl, poolSize: settings.dbPool, clock })
    return opened
  }
  const openUsed = async () => {
    const path = sqlitePath(settings.databaseUrl)
    if (path !== undefined && !existsSync(path)) throw neverStarted() // Opening it would make it.
    const db = await open()
    await requireUse(db)
    return db
  }
  return {
    migrate: async () => (await open()).migrate(),
    async recoverAdmin() {
      const db = await openUsed()
      const peppers = await openKeyring(settings, db.kind, db.vault)
      return await createAuthority({ store: db.store, peppers, clock }).recoverAdmin()
    },
    async verifier() {
      const db = await openUsed()
      return await verifierOf(settings, db.kind, db.vault)
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

/** Throws unless servers have run on the database, with a schema of this version. */
async function requireUse(db: SqlDatabase): Promise<void> {
  const { kind } = usable(await db.schemaState())
  if (kind === 'empty') throw neverStarted()
  if (kind === 'behind') {
    throw new Fault('store.incompatible', {
      public: 'The schema of the database is of an older version',
      fix: 'Run `gatehouse migrate` first',
    })
  }
}

function neverStarted(): Fault {
  return new Fault('setting.invalid', {
    public: 'DATABASE_URL names a database that Gatehouse has never been started on',
    fix: 'Name the one that your servers use, or start a new one with `gatehouse serve`',
  })
}
