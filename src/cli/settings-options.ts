import { type Command, Option } from 'commander'
import { type SettingName, settingOf } from '../settings-table.ts'

/** Gives a command a flag for each of these settings. Their values are judged with all other settings, not here. */
export function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { flag, kind, doc, env, default: fallback, defaultShown } = settingOf(name)
    if (flag === null) continue
    const description = `${doc[0]?.toLowerCase()}${doc.slice(1)} (${env}; ${defaultShown ?? fallback})`
    command.addOption(new Option(kind.placeholder === '' ? flag : `${flag} <${kind.placeholder}>`, description))
  }
  return command
}
