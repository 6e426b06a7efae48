import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import { keyKinds } from '../domain/api-key.ts'
import { appModes } from '../domain/app.ts'

/**
 * What goes in and out, once for types, validation and OpenAPI. Validation sees to shape; whether a name, a scope or an
 * address is a good one is for the authority to say, which says it in a sentence.
 */

/** Unknown members are refused: a misspelt `expiresInSecond` must not make a key that never expires. */
export function Closed<P extends TProperties>(properties: P, options: Record<string, unknown> = {}): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

const nullable = <T extends TSchema>(schema: T, options: Record<string, unknown> = {}) =>
  Type.Union([schema, Type.Null()], options)
const oneOf = <const V extends readonly string[]>(values: V, options: Record<string, unknown> = {}) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options })

const instant = Type.String({ format: 'date-time', examples: ['2030-01-31T12:00:00.000Z'] })
const metadata = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  description: 'Anything you want to keep with it; at most 16 KiB as JSON.',
  examples: [{ team: 'search' }],
})
const texts = (description: string, examples: readonly string[]) =>
  Type.Array(Type.String(), { maxItems: 100, description, examples: [examples] })
const tenantId = Type.String({ examples: ['ten_4fGhJ2kLm9pQrS7t'] })
const appId = Type.String({ examples: ['app_9sDf3gHjK1lZxC5v'] })
const keyId = Type.String({ description: 'Public: the name of the key in logs and lists.', examples: ['3kTfQ0aZx9Lm'] })
const name = Type.String({ description: '1 to 200 characters.', examples: ['production'] })
const idempotencyKey = Type.String({
  description: '22 to 255 visible ASCII characters. A repeat gives the same key and the same secret.',
  examples: ['01JD3M8Z5K7Q9V2X4B6N8R0T1W'],
})
const scopes = texts('Realms that the key opens, beside the one named as its kind.', ['billing'])
const permissions = texts('What the key may do there; `files.*` grants all below, `*` everything.', ['files.read'])
const keyMembers = {
  scopes: Type.Optional(scopes),
  permissions: Type.Optional(permissions),
  allowedCidrs: Type.Optional(texts('Addresses that may use the key; empty means any.', ['203.0.113.0/24'])),
  environment: Type.Optional(nullable(Type.String({ examples: ['live'] }))),
  metadata: Type.Optional(metadata),
  expiresAt: Type.Optional(nullable(instant)),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 1, description: 'Instead of `expiresAt`.' })),
}

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong.' }),
    instance: Type.String({ description: 'The id of the request, as in `X-Request-Id` and in the log.' }),
    code: Type.String(),
    fix: Type.Optional(Type.String({ description: 'What to change.' })),
  },
  { description: 'RFC 9457' },
)

export const IdParams = Closed({ id: Type.String({ minLength: 1, maxLength: 64 }) })

const listMembers = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`nextCursor` of the page before.' })),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of a name, or the beginning of an id.' })),
  tenantId: Type.Optional(Type.String({ maxLength: 64 })),
}
export const ListMembers = Closed(listMembers)
export const KeyListMembers = Closed({
  ...listMembers,
  kind: Type.Optional(oneOf(keyKinds)),
  state: Type.Optional(oneOf(['active', 'disabled', 'revoked'])),
  appId: Type.Optional(Type.String({ maxLength: 64 })),
})
export const AuditListMembers = Closed({ ...listMembers, subjectId: Type.Optional(Type.String({ maxLength: 64 })) })

export function listOf<T extends TSchema>(item: T) {
  return Type.Object({ data: Type.Array(item), nextCursor: nullable(Type.String()) })
}

const keyProperties = {
  id: keyId,
  kind: oneOf(keyKinds),
  tenantId: nullable(tenantId),
  appId: nullable(appId),
  name,
  prefix: Type.String({ examples: ['gh_svc'] }),
  lastFour: Type.String({ examples: ['x7Qa'] }),
  state: oneOf(['active', 'disabled', 'revoked']),
  scopes,
  permissions,
  allowedCidrs: Type.Array(Type.String()),
  environment: nullable(Type.String()),
  metadata,
  createdAt: instant,
  updatedAt: instant,
  expiresAt: nullable(instant),
  revokedAt: nullable(instant),
  rotatedAt: nullable(instant),
  previousValidUntil: nullable(instant, { description: 'Until when the secret before the last rotation works.' }),
  lastUsedAt: nullable(instant),
}
export const Key = Type.Object(keyProperties)
export const IssuedKey = Type.Object({
  key: Type.String({
    description: 'The clear key. It is shown this once and stored nowhere.',
    examples: ['gh_svc_3kTfQ0aZx9LmpW4Vb8nYc1RdS6uE5gHjK7oXqZ2tAiB0fC9D4M'],
  }),
  ...keyProperties,
})
export const CreateKey = Closed(
  {
    kind: oneOf(keyKinds),
    tenantId: Type.Optional(nullable(tenantId)),
    appId: Type.Optional(nullable(appId)),
    name,
    ...keyMembers,
    idempotencyKey: Type.Optional(idempotencyKey),
  },
  { examples: [{ kind: 'service', tenantId: 'ten_4fGhJ2kLm9pQrS7t', name: 'production', scopes: ['billing'] }] },
)
export const UpdateKey = Closed(
  {
    name: Type.Optional(name),
    ...keyMembers,
    state: Type.Optional(oneOf(['active', 'disabled'], { description: 'A revoked key stays revoked.' })),
  },
  { minProperties: 1, examples: [{ state: 'disabled' }] },
)
export const RotateKey = Closed(
  {
    graceSeconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_592_000, default: 0, description: 'How long the old secret still works.' }),
    ),
    idempotencyKey: Type.Optional(idempotencyKey),
  },
  { examples: [{ graceSeconds: 3600 }] },
)
export const RevokeMembers = Closed({
  wait: Type.Optional(oneOf(['none', 'all'], { default: 'none', description: 'For the confirmation of every node.' })),
  timeout: Type.Optional(Type.String({ description: 'Such as `500ms`, `2s`; `15m` at most.', default: '2s' })),
})
export const Receipt = Type.Object({
  revision: Type.Integer({ description: 'Position in the change log.' }),
  committedAt: instant,
  refusedEverywhereBy: Type.String({
    format: 'date-time',
    description: 'From then on no node accepts the key, even one that is cut off.',
  }),
  nodes: Type.Array(Type.Object({ id: Type.String(), confirmedAfterMs: nullable(Type.Number()) })),
  complete: Type.Boolean({ description: 'All nodes have confirmed, or their bound has passed.' }),
})
export const Change = Type.Object({ revision: Type.Integer(), committedAt: instant })

const verifyKey = Closed(
  {
    key: Type.String({ examples: ['gh_svc_3kTfQ0aZx9LmpW4Vb8nYc1RdS6uE5gHjK7oXqZ2tAiB0fC9D4M'] }),
    scope: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    permissions: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 100 })),
    ip: Type.Optional(Type.String({ maxLength: 64, description: 'Who presented the key, for address lists.' })),
  },
  { title: 'One check' },
)
const verifyKeys = Closed(
  { checks: Type.Array(verifyKey, { minItems: 1, maxItems: 1000 }) },
  { title: 'Up to 1000 checks' },
)
export const VerifyKeys = Type.Unsafe<Static<typeof verifyKey> | Static<typeof verifyKeys>>({
  type: 'object',
  description: 'One check, or up to 1000 in `checks`.',
  if: { required: ['checks'] },
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
  then: verifyKeys,
  else: verifyKey,
})
export const VerdictSchema = Type.Object({
  valid: Type.Boolean(),
  code: Type.String({ examples: ['VALID', 'REVOKED'] }),
  keyId: nullable(Type.String()),
  kind: nullable(oneOf(keyKinds)),
  tenantId: nullable(Type.String()),
  appId: nullable(Type.String()),
  subject: nullable(Type.String()),
  scopes: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  environment: nullable(Type.String()),
  expiresAt: nullable(instant),
  degraded: Type.Boolean({ description: 'A declared degradation let this verdict stand.' }),
  tier: oneOf(['L1', 'L2', 'L3', 'none']),
  ageMs: Type.Number({ description: 'How old the read of storage is at most.' }),
  version: Type.Integer({ description: 'Position in the change log at which storage was read.' }),
})
export const Verdicts = Type.Object({ results: Type.Array(VerdictSchema) })

export const ImportKeys = Closed({
  keys: Type.Array(
    Closed({
      key: Type.Optional(
        Type.String({ maxLength: 512, description: 'The clear key: 16 to 512 visible ASCII characters.' }),
      ),
      sha256: Type.Optional(
        Type.String({ description: 'Its SHA-256 instead, hex or base64url; `pattern` is needed then.' }),
      ),
      pattern: Type.Optional(
        Closed({
          prefix: Type.String({ maxLength: 64 }),
          length: Type.Integer({ minimum: 16, maximum: 512 }),
          alphabet: Type.Optional(Type.String({ maxLength: 512 })),
        }),
      ),
      kind: oneOf(['app', 'dataset', 'service']),
      tenantId: Type.Optional(tenantId),
      appId: Type.Optional(nullable(appId)),
      name,
      scopes: Type.Optional(scopes),
      permissions: Type.Optional(permissions),
      environment: Type.Optional(nullable(Type.String())),
      expiresAt: Type.Optional(nullable(instant)),
    }),
    { minItems: 1, maxItems: 1000 },
  ),
})
export const Imported = Type.Object({
  results: Type.Array(
    Type.Object({
      outcome: oneOf(['imported', 'exists', 'refused']),
      keyId: Type.Optional(nullable(Type.String())),
      problem: Type.Optional(Type.String()),
      fix: Type.Optional(Type.String()),
    }),
  ),
  imported: Type.Integer(),
  existing: Type.Integer(),
  refused: Type.Integer(),
  revision: nullable(Type.Integer()),
})

const keyPrefix = nullable(Type.String({ examples: ['acme'] }), {
  description: 'Stands in place of `gh` in keys: 2 to 24 of a-z 0-9 _.',
})
export const Tenant = Type.Object({
  id: tenantId,
  name,
  state: oneOf(['active', 'suspended']),
  keyPrefix,
  metadata,
  createdAt: instant,
  updatedAt: instant,
})
export const CreateTenant = Closed(
  { name, keyPrefix: Type.Optional(keyPrefix), metadata: Type.Optional(metadata) },
  { examples: [{ name: 'Acme' }] },
)
export const UpdateTenant = Closed(
  {
    name: Type.Optional(name),
    keyPrefix: Type.Optional(keyPrefix),
    metadata: Type.Optional(metadata),
    state: Type.Optional(oneOf(['active', 'suspended'])),
  },
  { minProperties: 1, examples: [{ state: 'suspended' }] },
)

export const App = Type.Object({
  id: appId,
  tenantId,
  name,
  mode: oneOf(appModes),
  state: oneOf(['active', 'disabled']),
  metadata,
  createdAt: instant,
  updatedAt: instant,
})
export const CreateApp = Closed(
  { tenantId: Type.Optional(tenantId), name, mode: oneOf(appModes), metadata: Type.Optional(metadata) },
  { examples: [{ tenantId: 'ten_4fGhJ2kLm9pQrS7t', name: 'Helpdesk', mode: 'chat' }] },
)
export const UpdateApp = Closed(
  {
    name: Type.Optional(name),
    metadata: Type.Optional(metadata),
    state: Type.Optional(oneOf(['active', 'disabled'])),
  },
  { minProperties: 1, examples: [{ state: 'disabled' }] },
)

export const AuditEntry = Type.Object({
  id: Type.String(),
  at: instant,
  actor: Type.Object({
    id: Type.String(),
    ip: nullable(Type.String()),
    requestId: nullable(Type.String()),
  }),
  action: Type.String({ examples: ['key.revoke'] }),
  subjectType: oneOf(['key', 'tenant', 'app', 'node', 'deployment']),
  subjectId: Type.String(),
  tenantId: nullable(Type.String()),
  changes: metadata,
})

const lease = Type.Object({
  live: Type.Boolean(),
  inGrace: Type.Boolean(),
  ageMs: nullable(Type.Number()),
  leaseMs: Type.Number(),
  graceMs: Type.Number(),
})
const log = Type.Object({ seq: nullable(Type.Integer()), failing: Type.Boolean() })
const tiers = Type.Object({
  sql: Type.Object({ kind: oneOf(['sqlite', 'postgres']), up: Type.Boolean() }),
  shared: Type.Object({
    kind: oneOf(['in-process', 'redis', 'redis-cluster', 'redis-sentinel']),
    up: Type.Boolean(),
  }),
})
export const Node = Type.Object({
  id: Type.String(),
  appliedSeq: Type.Integer(),
  boundMs: Type.Number({ description: 'After this much silence the node accepts nothing more.' }),
  seenAt: instant,
  left: Type.Boolean(),
})
export const NodeStateSchema = Type.Object({
  id: Type.String(),
  version: Type.String(),
  startedAt: instant,
  posture: oneOf(['strict', 'balanced', 'available']),
  ready: Type.Boolean(),
  lease,
  log,
  tiers,
  entries: Type.Object({
    entries: Type.Integer(),
    warm: Type.Integer(),
    absent: Type.Integer(),
    flights: Type.Integer(),
  }),
  nodes: Type.Array(Node),
})
export const Ready = Type.Object({ ready: Type.Boolean(), draining: Type.Boolean(), lease, log, tiers })
