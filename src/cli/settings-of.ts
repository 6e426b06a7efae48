import type { Command } from 'commander'
import { type Configuration, loadConfiguration } from '../settings.ts'
import { type SettingName, settingNames, settingOf } from '../settings-table.ts'
import type { GlobalOptions } from './context.ts'

/** Reads the settings as this command was given them. */
export function settingsOf(command: Command): Configuration {
  const own = command.opts<Partial<Record<SettingName, unknown>>>()
  const flags = settingNames.filter((name) => settingOf(name).flag !== null && own[name] !== undefined)
  return loadConfiguration({
    flags: Object.fromEntries(flags.map((name) => [name, own[name]])),
    configFile: command.optsWithGlobals<GlobalOptions>().config,
  })
}
