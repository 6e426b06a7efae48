import type { SqlDatabase } from './adapters/sql-database.ts'
import { usable } from './adapters/sql-migrator.ts'
import type { Ask, Gate } from './gateway/gate.ts'
import { systemClock } from './kernel/clock.ts'
import { Fault } from './kernel/fault.ts'
import { openCheck, startCheck } from './runtime-check.ts'
import { startDuties } from './runtime-duties.ts'
import { openKeyring } from './runtime-keyring.ts'
import { createLog } from './runtime-log.ts'
import { type Settings, type SettingsInput, settingsFrom } from './settings.ts'
import type { RecognitionRing } from './tokens/peppers.ts'
import { readVerifier } from './tokens/verifier.ts'

/** The check inside your own process: one node like any other, without a server. */
export interface Gatehouse extends Gate {
  /** This node's id, as it stands in receipts. */
  readonly nodeId: string
  /** Writes what waits to be written, leaves the registry, closes the stores. */
  close(): Promise<void>
}

export type { Ask }

/**
 * Connects, follows the change log and takes the first lease, so that the first `verify` is already safe. Takes the
 * settings of the server, from the environment and `gatehouse.yaml` where `options` leaves them out. Throws
 * `Fault('setting.invalid')` or `Fault('store.unavailable')` with a sentence that names the setting and the mend.
 */
export async function createGatehouse(options: SettingsInput = {}): Promise<Gatehouse> {
  const settings = settingsFrom(options)
  const opened = await openCheck(settings, systemClock, createLog(settings), ({ db }) => recognition(settings, db))
  await startCheck(opened)
  const { node, stores, onEvent } = opened
  // With a verifier the role may only check: what is done for all nodes is left to the servers.
  const stopDuties = settings.verifier === null ? startDuties(stores, settings, systemClock, onEvent) : undefined
  return {
    peek: node.gate.peek,
    verify: node.gate.verify,
    nodeId: node.id,
    async close() {
      await stopDuties?.()
      await node.stop()
      await stores.close()
    },
  }
}

/** With a verifier the app needs neither the master key nor the right to change the schema. */
async function recognition(settings: Settings, db: SqlDatabase): Promise<RecognitionRing> {
  if (settings.verifier === null) {
    await db.migrate()
    return await openKeyring(settings, db.kind, db.vault)
  }
  const { kind } = usable(await db.schemaState())
  if (kind === 'ready') return readVerifier(settings.verifier)
  throw new Fault('store.incompatible', {
    public: 'The database at DATABASE_URL has no schema yet, or an older one than this version needs',
    fix: 'Run `gatehouse migrate`, with a role that may change the schema',
  })
}
