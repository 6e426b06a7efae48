import type { Command } from 'commander'
import type { Offline } from '../runtime-offline.ts'
import { outputOf } from './context.ts'
import { refuseQuiet } from './key-output.ts'
import { withSettings } from './settings-options.ts'

export function defineAdmin(program: Command): void {
  const admin = program
    .command('admin')
    .description('what is done without a server, by whoever holds the database and the master key')

  withSettings(admin.command('recover').description('makes another admin key over all tenants, and shows it once'), [
    'databaseUrl',
    'dataDir',
  ]).action(async (_options, command: Command) => {
    refuseQuiet(command)
    const { once, paint } = outputOf(command)
    const { key, secret } = await offline(command, (open) => open.recoverAdmin())
    const clear = secret.reveal()
    const note = `Admin key ${key.id}. This is the only time that it is shown; those that exist still work.`
    once({ id: key.id, key: clear }, `${paint('bold', clear)}\n${paint('dim', note)}`)
  })

  withSettings(admin.command('verifier').description('prints GATEHOUSE_VERIFIER for apps that embed the library'), [
    'databaseUrl',
    'dataDir',
  ]).action(async (_options, command: Command) => {
    refuseQuiet(command)
    const { once, paint } = outputOf(command)
    const clear = (await offline(command, (open) => open.verifier())).reveal()
    const note = 'It recognises keys and can make none. It stands in for the master key in apps that embed the library.'
    once({ verifier: clear }, `${clear}\n${paint('dim', note)}`)
  })
}

async function offline<T>(command: Command, work: (open: Offline) => Promise<T>): Promise<T> {
  const { settingsOf } = await import('./settings-of.ts')
  const { openForOffline } = await import('../runtime-offline.ts')
  const open = openForOffline(settingsOf(command).settings)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}
