import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openDatabase, type SqlDatabase } from '../../src/adapters/sql-database.ts'
import { type Authority, systemCaller } from '../../src/authority/authority.ts'
import { createAuthority } from '../../src/authority/create-authority.ts'
import { openPeppers } from '../../src/authority/open-peppers.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { tokenHash } from '../../src/tokens/digest.ts'
import type { PepperRing } from '../../src/tokens/peppers.ts'
import { createVault } from '../../src/tokens/vault.ts'
import { scratchDirectory } from './scratch.ts'

/** The authority on a database of its own, with a wall clock that the test moves. */
export interface ScratchAuthority {
  readonly authority: Authority
  readonly database: SqlDatabase
  readonly peppers: PepperRing
  readonly now: () => number
  advance(ms: number): void
  /** What a cold check would read for this clear key. */
  credential(token: Secret): ReturnType<SqlDatabase['credentials']['find']>
  close(): Promise<void>
}

export const root = { ...systemCaller('cli'), ip: '192.0.2.7', requestId: 'req-1' }

export async function scratchAuthority(url?: string): Promise<ScratchAuthority> {
  let nowMs = 1_900_000_000_000
  const clock: Clock = { ...systemClock, wall: () => nowMs }
  const file = url ?? `sqlite:${join(scratchDirectory('authority'), 'gatehouse.db')}`
  const database = await openDatabase({ url: file, poolSize: 4, clock })
  await database.migrate()
  const vault = createVault(new Secret(randomBytes(32).toString('base64')))
  const peppers = await openPeppers(database.vault, vault)
  return {
    authority: createAuthority({ store: database.store, peppers, clock }),
    database,
    peppers,
    now: () => nowMs,
    advance(ms) {
      nowMs += ms
    },
    credential: (token) => database.credentials.find(peppers.digest(1, tokenHash(token.reveal()))),
    close: () => database.close(),
  }
}
