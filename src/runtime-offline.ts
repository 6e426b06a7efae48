import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, type SqlDatabase } from './adapters/sql-database.ts'
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
  readonly kind: SqlDatabase['kind']
  /** Brings the schema up to date and answers with the names of what it did. */
  migrate(): Promise<readonly string[]>
  /** Needs the master key. The new key rules over all tenants; those that exist stay as they are. */
  recoverAdmin(): Promise<IssuedKey>
  /** Needs the master key. What an app that embeds the check is given in its place. */
  verifier(): Promise<Secret>
  close(): Promise<void>
}

export async function openForOffline(settings: Settings, clock: Clock = systemClock): Promise<Offline> {
  const db = await openDatabase({ url: settings.databaseUrl, poolSize: settings.dbPool, clock })
  return {
    kind: db.kind,
    migrate: () => db.migrate(),
    close: () => db.close(),
    async recoverAdmin() {
      await requireUse(db)
      requireMasterKey(settings)
      const peppers = await openKeyring(settings, db.kind, db.vault)
      return await createAuthority({ store: db.store, peppers, clock }).recoverAdmin()
    },
    async verifier() {
      await requireUse(db)
      requireMasterKey(settings)
      return await verifierOf(settings, db.kind, db.vault)
    },
  }
}

/** Throws unless servers have run on the database, with a schema of this version. */
async function requireUse(db: SqlDatabase): Promise<void> {
  const { kind } = usable(await db.schemaState())
  if (kind === 'empty') {
    throw new Fault('setting.invalid', {
      public: 'DATABASE_URL names a database that Gatehouse has never been started on',
      fix: 'Name the one that your servers use, or start a new one with `gatehouse serve`',
    })
  }
  if (kind === 'behind') {
    throw new Fault('store.incompatible', {
      public: 'The schema of the database is of an older version',
      fix: 'Run `gatehouse migrate` first',
    })
  }
}

/** A database that has secrets needs the key that wrapped them; a new one would open nothing. */
function requireMasterKey({ masterKey, dataDir }: Settings): void {
  const path = join(dataDir, 'master-key')
  if (masterKey !== null || existsSync(path)) return
  throw new Fault('setting.invalid', {
    public: `There is no master key at ${path}, and GATEHOUSE_MASTER_KEY is not set`,
    fix: 'Bring the file back, or set GATEHOUSE_MASTER_KEY to what it held',
  })
}
