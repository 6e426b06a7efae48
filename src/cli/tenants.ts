import type { Command } from 'commander'
import type { CreateTenantBody, TenantBody, UpdateTenantBody } from '../http/contract.ts'
import { sessionOf } from './context.ts'
import { printList } from './listing.ts'
import { asList, jsonObject, type ListOptions, unless } from './options.ts'
import type { Field } from './output.ts'

const fields: readonly Field<TenantBody>[] = [
  { title: 'id', of: (tenant) => tenant.id },
  { title: 'name', of: (tenant) => tenant.name },
  { title: 'state', of: (tenant) => tenant.state },
  { title: 'key prefix', of: (tenant) => tenant.keyPrefix },
  { title: 'created', of: (tenant) => tenant.createdAt, time: true },
]
const allFields: readonly Field<TenantBody>[] = [
  ...fields,
  { title: 'updated', of: (tenant) => tenant.updatedAt, time: true },
  { title: 'metadata', of: (tenant) => (Object.keys(tenant.metadata).length > 0 ? tenant.metadata : null) },
]

interface MemberOptions {
  readonly name?: string
  readonly keyPrefix?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

const withMembers = (command: Command) =>
  command
    .option('--key-prefix <PREFIX>', 'stands in place of gh in its keys: 2 to 24 of a-z 0-9 _; none clears it')
    .option('--metadata <JSON>', 'a JSON object', jsonObject)

function members({ name, keyPrefix, metadata }: MemberOptions) {
  return {
    ...(name !== undefined && { name }),
    ...(keyPrefix !== undefined && { keyPrefix: unless('none', keyPrefix) }),
    ...(metadata && { metadata }),
  }
}

export function defineTenants(program: Command): void {
  const tenants = program.command('tenants').description('tenants, to whom apps and keys belong')

  withMembers(tenants.command('create <name>').description('makes a tenant')).action(
    async (name: string, options: MemberOptions, command: Command) => {
      const { api, output } = await sessionOf(command)
      const body: CreateTenantBody = { ...members(options), name }
      const tenant = await api.post<TenantBody>('tenants', body)
      output.done(tenant, `Tenant ${tenant.id} is made.`)
    },
  )

  asList(tenants.command('list').description('tenants, newest first')).action(
    async (options: ListOptions, command: Command) => {
      const listing = { path: 'tenants', fields, empty: 'There are no such tenants.' }
      await printList(await sessionOf(command), listing, options)
    },
  )

  tenants
    .command('get <id>')
    .description('one tenant')
    .action(async (id: string, _options, command: Command) => {
      const { api, output } = await sessionOf(command)
      output.record(await api.get<TenantBody>(`tenants/${encodeURIComponent(id)}`), allFields)
    })

  withMembers(tenants.command('update <id>').description('changes what is given, and leaves the rest'))
    .option('--name <NAME>', 'another name')
    .action(async (id: string, options: MemberOptions, command: Command) => {
      const { api, output } = await sessionOf(command)
      const body: UpdateTenantBody = members(options)
      output.record(await api.patch<TenantBody>(`tenants/${encodeURIComponent(id)}`, body), allFields)
    })

  for (const [word, state, description] of [
    ['suspend', 'suspended', 'refuses every key of the tenant until it is activated again'],
    ['activate', 'active', 'lets the keys of a suspended tenant work again'],
  ] as const) {
    tenants
      .command(`${word} <id>`)
      .description(description)
      .action(async (id: string, _options, command: Command) => {
        const { api, output } = await sessionOf(command)
        const tenant = await api.patch<TenantBody>(`tenants/${encodeURIComponent(id)}`, { state })
        output.done(tenant, `Tenant ${tenant.id} is ${tenant.state}.`)
      })
  }

  tenants
    .command('delete <id>')
    .description('deletes a tenant that has no apps and no keys')
    .action(async (id: string, _options, command: Command) => {
      const { api, output } = await sessionOf(command)
      output.done(await api.remove<object>(`tenants/${encodeURIComponent(id)}`), `Tenant ${id} is deleted.`)
    })
}
