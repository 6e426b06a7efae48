import type { Command } from 'commander'
import type { ListBody, NodeBody } from '../http/contract.ts'
import { formatDuration } from '../kernel/duration.ts'
import { sessionOf } from './context.ts'
import type { Field } from './output.ts'

const fields: readonly Field<NodeBody>[] = [
  { title: 'id', of: (node) => node.id },
  { title: 'state', of: (node) => (node.left ? 'left' : 'here') },
  { title: 'seen', of: (node) => node.seenAt, time: true },
  { title: 'applied log up to', of: (node) => node.appliedSeq },
  { title: 'refuses after silence of', of: (node) => formatDuration(node.boundMs) },
]

export function defineNodes(program: Command): void {
  program
    .command('nodes')
    .description('the nodes that share the database, and how far each has read the change log')
    .action(async (_options, command: Command) => {
      const { api, output } = await sessionOf(command)
      const { data } = await api.get<ListBody<NodeBody>>('nodes')
      output.list(data, fields, 'There are no nodes.')
    })
}
