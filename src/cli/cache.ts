import type { Command } from 'commander'
import type { ChangeBody } from '../http/contract.ts'
import { sessionOf } from './context.ts'

export function defineCache(program: Command): void {
  program
    .command('cache')
    .description('what the nodes have cached')
    .command('flush')
    .description('makes every node drop what it has cached, by one entry in the change log')
    .action(async (_options, command: Command) => {
      const { api, output } = await sessionOf(command)
      const change = await api.post<ChangeBody>('cache/flush', {})
      output.done(change, `Every node drops what it has cached, with entry ${change.revision} of the change log.`)
    })
}
