import pino from 'pino'
import type { Ask, Gate } from './gateway/gate.ts'
import { systemClock } from './kernel/clock.ts'
import { openCheck } from './runtime.ts'
import { type SettingsInput, settingsFrom } from './settings.ts'

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
  const { node, stores } = await openCheck(settings, systemClock, pino({ level: settings.logLevel }))
  try {
    await node.start()
  } catch (cause) {
    await stores.close()
    throw cause
  }
  return {
    peek: node.gate.peek,
    verify: node.gate.verify,
    nodeId: node.id,
    async close() {
      await node.stop()
      await stores.close()
    },
  }
}
