import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Settings, type SettingsInput, settingsFrom } from '../src/settings.ts'
import { scratchDirectory } from '../test/servers/scratch.ts'

/** Settings as an operator would have them, on an empty database of their own. Nothing is logged but warnings. */
export function scratchSettings(given: SettingsInput = {}): Settings {
  const dataDir = scratchDirectory('bench')
  const postgres = given.databaseUrl !== undefined
  return settingsFrom({
    dataDir,
    ...(postgres ? {} : { databaseUrl: `sqlite:${join(dataDir, 'gatehouse.db')}` }),
    ...(postgres ? { masterKey: newMasterKey() } : {}),
    adminKey: `gh_bench_${randomBytes(16).toString('hex')}`,
    logLevel: 'error',
    ...given,
  })
}

export function newMasterKey(): string {
  return randomBytes(32).toString('base64')
}
