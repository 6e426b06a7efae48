import { type Command, Option } from 'commander'
import { keyKinds } from '../domain/api-key.ts'
import type {
  CreateKeyBody,
  IssuedKeyBody,
  KeyBody,
  ReceiptBody,
  RotateKeyBody,
  UpdateKeyBody,
  VerdictBody,
  VerifyKeyBody,
} from '../http/contract.ts'
import { keyArgument, sessionOf } from './context.ts'
import { refuseQuiet, showIssued, showReceipt } from './key-output.ts'
import { defineImport } from './keys-import.ts'
import { printList } from './listing.ts'
import { asList, duration, instant, jsonObject, type ListOptions, seconds, unless, words } from './options.ts'
import type { Field } from './output.ts'

const columns: readonly Field<KeyBody>[] = [
  { title: 'id', of: (key) => key.id },
  { title: 'name', of: (key) => key.name },
  { title: 'kind', of: (key) => key.kind },
  { title: 'state', of: (key) => key.state },
  { title: 'key', of: (key) => `${key.prefix}…${key.lastFour}` },
  { title: 'tenant', of: (key) => key.tenantId },
  { title: 'expires', of: (key) => key.expiresAt, time: true },
  { title: 'last used', of: (key) => key.lastUsedAt, time: true },
]

export const keyFields: readonly Field<KeyBody>[] = [
  ...columns.slice(0, 6),
  { title: 'app', of: (key) => key.appId },
  { title: 'scopes', of: (key) => key.scopes },
  { title: 'permissions', of: (key) => key.permissions },
  { title: 'addresses', of: (key) => key.allowedCidrs },
  { title: 'environment', of: (key) => key.environment },
  { title: 'metadata', of: (key) => (Object.keys(key.metadata).length > 0 ? key.metadata : null) },
  { title: 'created', of: (key) => key.createdAt, time: true },
  { title: 'updated', of: (key) => key.updatedAt, time: true },
  { title: 'expires', of: (key) => key.expiresAt, time: true },
  { title: 'rotated', of: (key) => key.rotatedAt, time: true },
  { title: 'old secret until', of: (key) => key.previousValidUntil, time: true },
  { title: 'revoked', of: (key) => key.revokedAt, time: true },
  { title: 'last used', of: (key) => key.lastUsedAt, time: true },
]

const verdictFields: readonly Field<VerdictBody>[] = [
  { title: 'verdict', of: (verdict) => verdict.code },
  { title: 'key', of: (verdict) => verdict.keyId },
  { title: 'kind', of: (verdict) => verdict.kind },
  { title: 'tenant', of: (verdict) => verdict.tenantId },
  { title: 'app', of: (verdict) => verdict.appId },
  { title: 'scopes', of: (verdict) => verdict.scopes },
  { title: 'permissions', of: (verdict) => verdict.permissions },
  { title: 'environment', of: (verdict) => verdict.environment },
  { title: 'expires', of: (verdict) => verdict.expiresAt, time: true },
  { title: 'answered by', of: (verdict) => (verdict.tier === 'none' ? 'form' : verdict.tier) },
  { title: 'age', of: (verdict) => (verdict.tier === 'none' ? null : `${verdict.ageMs.toFixed(1)} ms`) },
  { title: 'degraded', of: (verdict) => (verdict.degraded ? 'yes' : null) },
]

/** What a key may be given, at its making and later. */
function withMembers(command: Command): Command {
  return command
    .option('--scope <SCOPE>', 'what it may be used for; several with commas, or repeated', words)
    .option('--permission <PERMISSION>', 'several with commas, or repeated', words)
    .option('--cidr <CIDR>', 'addresses that may use it; several with commas, or repeated', words)
    .option('--environment <LABEL>', 'such as production; none clears it')
    .option('--metadata <JSON>', 'a JSON object', jsonObject)
    .option('--expires-at <TIME>', 'such as 2030-01-31T12:00:00Z; never clears it', instant)
    .option('--expires-in <DURATION>', 'such as 30d, from now on', seconds)
}

interface MemberOptions {
  readonly scope?: readonly string[]
  readonly permission?: readonly string[]
  readonly cidr?: readonly string[]
  readonly environment?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly expiresAt?: string
  readonly expiresIn?: number
}

function members(options: MemberOptions) {
  return {
    ...(options.scope && { scopes: options.scope }),
    ...(options.permission && { permissions: options.permission }),
    ...(options.cidr && { allowedCidrs: options.cidr }),
    ...(options.environment !== undefined && { environment: unless('none', options.environment) }),
    ...(options.metadata && { metadata: options.metadata }),
    ...(options.expiresAt !== undefined && { expiresAt: unless('never', options.expiresAt) }),
    ...(options.expiresIn !== undefined && { expiresInSeconds: options.expiresIn }),
  }
}

export function defineKeys(program: Command): void {
  const keys = program.command('keys').description('API keys')
  defineCreate(keys)
  defineReading(keys)
  defineChanges(keys)
  defineEndings(keys)
  defineImport(keys)
}

function defineCreate(keys: Command): void {
  withMembers(keys.command('create <name>').description('makes a key, and shows it once'))
    .addOption(new Option('--kind <KIND>', 'what it opens').choices(keyKinds).makeOptionMandatory())
    .option('--tenant <ID>', 'whose it is; needed unless it is an admin key over all tenants')
    .option('--app <ID>', 'the app that it opens')
    .option('--idempotency-key <TEXT>', 'a repeat with the same gives the same key; 22 to 255 characters')
    .action(async (name: string, options: MemberOptions & CreateOptions, command: Command) => {
      refuseQuiet(command)
      const { api, output } = await sessionOf(command)
      const body: CreateKeyBody = {
        kind: options.kind,
        name,
        ...(options.tenant && { tenantId: options.tenant }),
        ...(options.app && { appId: options.app }),
        ...(options.idempotencyKey && { idempotencyKey: options.idempotencyKey }),
        ...members(options),
      }
      showIssued(output, await api.post<IssuedKeyBody>('keys', body))
    })
}

interface CreateOptions {
  readonly kind: CreateKeyBody['kind']
  readonly tenant?: string
  readonly app?: string
  readonly idempotencyKey?: string
}

function defineReading(keys: Command): void {
  asList(keys.command('list').description('keys, newest first'))
    .option('--tenant <ID>', 'only of this tenant')
    .option('--app <ID>', 'only of this app')
    .addOption(new Option('--kind <KIND>', 'only of this kind').choices(keyKinds))
    .addOption(new Option('--state <STATE>', 'only in this state').choices(['active', 'disabled', 'revoked']))
    .action(async (options: ListOptions & Record<'tenant' | 'app' | 'kind' | 'state', string>, command: Command) => {
      const { tenant: tenantId, app: appId, kind, state } = options
      const query = { tenantId, appId, kind, state }
      const listing = { path: 'keys', query, fields: columns, empty: 'There are no such keys.' }
      await printList(await sessionOf(command), listing, options)
    })

  keys
    .command('get <id>')
    .description('one key')
    .action(async (id: string, _options, command: Command) => {
      const { api, output } = await sessionOf(command)
      output.record(await api.get<KeyBody>(`keys/${encodeURIComponent(id)}`), keyFields)
    })

  keys
    .command('verify <key>')
    .description('checks a key as an API would; - reads it from standard input. Exit code 1 unless it is valid')
    .option('--scope <SCOPE>', 'asks whether it may be used for this')
    .option('--permission <PERMISSION>', 'asks for these; several with commas, or repeated', words)
    .option('--ip <ADDRESS>', 'asks as if it came from there')
    .action(async (key: string, options: VerifyOptions, command: Command) => {
      const { api, output } = await sessionOf(command)
      const { scope, permission: permissions, ip } = options
      const body: VerifyKeyBody = {
        key: keyArgument(key),
        ...(scope !== undefined && { scope }),
        ...(permissions && { permissions }),
        ...(ip !== undefined && { ip }),
      }
      const verdict = await api.post<VerdictBody>('keys/verify', body)
      output.record(verdict, verdictFields)
      if (!verdict.valid) process.exitCode = 1
    })
}

interface VerifyOptions {
  readonly scope?: string
  readonly permission?: readonly string[]
  readonly ip?: string
}

function defineChanges(keys: Command): void {
  withMembers(keys.command('update <id>').description('changes what is given, and leaves the rest'))
    .option('--name <NAME>', 'another name')
    .action(async (id: string, options: MemberOptions & { readonly name?: string }, command: Command) => {
      const body: UpdateKeyBody = { ...(options.name !== undefined && { name: options.name }), ...members(options) }
      const { api, output } = await sessionOf(command)
      output.record(await api.patch<KeyBody>(`keys/${encodeURIComponent(id)}`, body), keyFields)
    })

  for (const [word, state, description] of [
    ['disable', 'disabled', 'refuses the key until it is enabled again'],
    ['enable', 'active', 'lets a disabled key work again'],
  ] as const) {
    keys
      .command(`${word} <id>`)
      .description(description)
      .action(async (id: string, _options, command: Command) => {
        const { api, output } = await sessionOf(command)
        const key = await api.patch<KeyBody>(`keys/${encodeURIComponent(id)}`, { state })
        output.done(key, `Key ${key.id} is ${key.state}.`)
      })
  }

  keys
    .command('rotate <id>')
    .description('gives the key a new secret, and shows it once')
    .option('--grace <DURATION>', 'how long the old secret still works, such as 10m', seconds, 0)
    .option('--idempotency-key <TEXT>', 'a repeat with the same gives the same secret; 22 to 255 characters')
    .action(async (id: string, options: { grace: number; idempotencyKey?: string }, command: Command) => {
      refuseQuiet(command)
      const { api, output } = await sessionOf(command)
      const { grace: graceSeconds, idempotencyKey } = options
      const body: RotateKeyBody = { graceSeconds, ...(idempotencyKey && { idempotencyKey }) }
      showIssued(output, await api.post<IssuedKeyBody>(`keys/${encodeURIComponent(id)}/rotate`, body))
    })
}

function defineEndings(keys: Command): void {
  const endings = [
    ['revoke', 'ends a key for good, and says by when no node accepts it any more'],
    ['delete', 'revokes a key and hides it from lists'],
  ] as const
  for (const [word, description] of endings) {
    keys
      .command(`${word} <id>`)
      .description(description)
      .option('--wait', 'waits until every node has confirmed')
      .option('--timeout <DURATION>', 'for this long at most', duration, 2000)
      .action(async (id: string, options: { wait?: boolean; timeout: number }, command: Command) => {
        const { api, output } = await sessionOf(command, options.timeout + 30_000)
        const query = options.wait ? { wait: 'all', timeout: `${options.timeout}ms` } : { wait: 'none' }
        const path = `keys/${encodeURIComponent(id)}`
        const receipt = await (word === 'delete'
          ? api.remove<ReceiptBody>(path, query)
          : api.post<ReceiptBody>(`${path}/revoke`, {}, query))
        showReceipt(output, word === 'delete' ? 'deleted' : 'revoked', id, receipt)
      })
  }
}
