import type { Command } from 'commander'
import type { AuditBody } from '../http/contract.ts'
import { sessionOf } from './context.ts'
import { printList } from './listing.ts'
import { asList, type ListOptions } from './options.ts'
import type { Field } from './output.ts'

const fields: readonly Field<AuditBody>[] = [
  { title: 'when', of: (entry) => entry.at, time: true },
  { title: 'who', of: (entry) => entry.actor.id },
  { title: 'from', of: (entry) => entry.actor.ip },
  { title: 'what', of: (entry) => entry.action },
  { title: 'on', of: (entry) => entry.subjectId },
  { title: 'tenant', of: (entry) => entry.tenantId },
  { title: 'changes', of: (entry) => (Object.keys(entry.changes).length > 0 ? entry.changes : null) },
]

export function defineAudit(program: Command): void {
  asList(program.command('audit').description('who changed what, when, from where; newest first'))
    .option('--subject <ID>', 'only what was done to this key, tenant or app')
    .option('--tenant <ID>', 'only of this tenant')
    .action(async (options: ListOptions & Record<'subject' | 'tenant', string>, command: Command) => {
      const query = { subjectId: options.subject, tenantId: options.tenant }
      const listing = { path: 'audit', query, fields, empty: 'There are no such entries.' }
      await printList(await sessionOf(command), listing, options)
    })
}
