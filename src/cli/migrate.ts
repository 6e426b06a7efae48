import type { Command } from 'commander'
import { outputOf } from './context.ts'
import { withSettings } from './settings-options.ts'

export function defineMigrate(program: Command): void {
  withSettings(
    program.command('migrate').description('brings the SQL schema up to date; safe to run on several nodes at once'),
    ['databaseUrl', 'dataDir'],
  ).action(async (_options, command: Command) => {
    const { settingsOf } = await import('./settings-of.ts')
    const { openForOffline } = await import('../runtime-offline.ts')
    const output = outputOf(command)
    const offline = openForOffline(settingsOf(command).settings)
    try {
      const done = await offline.migrate()
      const sentence = done.length === 0 ? 'The schema is up to date.' : `The schema is up to date: ${done.join(', ')}.`
      output.done({ done }, sentence)
    } finally {
      await offline.close()
    }
  })
}
