import type { Command } from 'commander'
import { outputOf } from './context.ts'
import { refuseQuiet } from './key-output.ts'
import { withSettings } from './settings-options.ts'

export function defineAdmin(program: Command): void {
  withSettings(
    program
      .command('admin')
      .description('what is done without a server, by whoever holds the database and the master key')
      .command('recover')
      .description('makes another admin key over all tenants, and shows it once'),
    ['databaseUrl', 'dataDir'],
  ).action(async (_options, command: Command) => {
    refuseQuiet(command)
    const { settingsOf } = await import('./settings-of.ts')
    const { openForOffline } = await import('../runtime-offline.ts')
    const { once, paint } = outputOf(command)
    const offline = await openForOffline(settingsOf(command).settings)
    try {
      const { key, secret } = await offline.recoverAdmin()
      const clear = secret.reveal()
      const note = `Admin key ${key.id}. This is the only time that it is shown; those that exist still work.`
      once({ id: key.id, key: clear }, `${paint('bold', clear)}\n${paint('dim', note)}`)
    } finally {
      await offline.close()
    }
  })
}
