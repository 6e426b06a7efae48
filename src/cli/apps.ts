import { type Command, Option } from 'commander'
import { appModes } from '../domain/app.ts'
import type { AppBody, CreateAppBody } from '../http/contract.ts'
import { sessionOf } from './context.ts'
import { printList } from './listing.ts'
import { asList, jsonObject, type ListOptions } from './options.ts'
import type { Field } from './output.ts'

const fields: readonly Field<AppBody>[] = [
  { title: 'id', of: (app) => app.id },
  { title: 'name', of: (app) => app.name },
  { title: 'mode', of: (app) => app.mode },
  { title: 'state', of: (app) => app.state },
  { title: 'tenant', of: (app) => app.tenantId },
  { title: 'created', of: (app) => app.createdAt, time: true },
]
const allFields: readonly Field<AppBody>[] = [
  ...fields,
  { title: 'updated', of: (app) => app.updatedAt, time: true },
  { title: 'metadata', of: (app) => (Object.keys(app.metadata).length > 0 ? app.metadata : null) },
]

interface CreateOptions {
  readonly tenant?: string
  readonly mode: CreateAppBody['mode']
  readonly metadata?: Readonly<Record<string, unknown>>
}

export function defineApps(program: Command): void {
  const apps = program.command('apps').description('apps, which keys open')

  apps
    .command('create <name>')
    .description('makes an app')
    .option('--tenant <ID>', 'whose it is; needed unless the admin key has a tenant')
    .addOption(new Option('--mode <MODE>', 'what it is').choices(appModes).default('service'))
    .option('--metadata <JSON>', 'a JSON object', jsonObject)
    .action(async (name: string, { tenant, mode, metadata }: CreateOptions, command: Command) => {
      const { api, output } = await sessionOf(command)
      const body: CreateAppBody = { name, mode, ...(tenant && { tenantId: tenant }), ...(metadata && { metadata }) }
      const app = await api.post<AppBody>('apps', body)
      output.done(app, `App ${app.id} is made.`)
    })

  asList(apps.command('list').description('apps, newest first'))
    .option('--tenant <ID>', 'only of this tenant')
    .action(async (options: ListOptions & { readonly tenant?: string }, command: Command) => {
      const query = { tenantId: options.tenant }
      const listing = { path: 'apps', query, fields, empty: 'There are no such apps.' }
      await printList(await sessionOf(command), listing, options)
    })

  apps
    .command('get <id>')
    .description('one app')
    .action(async (id: string, _options, command: Command) => {
      const { api, output } = await sessionOf(command)
      output.record(await api.get<AppBody>(`apps/${encodeURIComponent(id)}`), allFields)
    })

  for (const [word, state, description] of [
    ['disable', 'disabled', 'refuses every key of the app until it is enabled again'],
    ['enable', 'active', 'lets the keys of a disabled app work again'],
  ] as const) {
    apps
      .command(`${word} <id>`)
      .description(description)
      .action(async (id: string, _options, command: Command) => {
        const { api, output } = await sessionOf(command)
        const app = await api.patch<AppBody>(`apps/${encodeURIComponent(id)}`, { state })
        output.done(app, `App ${app.id} is ${app.state}.`)
      })
  }

  apps
    .command('delete <id>')
    .description('deletes an app that has no keys but revoked ones')
    .action(async (id: string, _options, command: Command) => {
      const { api, output } = await sessionOf(command)
      output.done(await api.remove<object>(`apps/${encodeURIComponent(id)}`), `App ${id} is deleted.`)
    })
}
