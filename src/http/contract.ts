/** Types of the outside, shared with the command line and the console. Only types, and nothing that names a library. */

export interface NodeState {
  readonly id: string
  readonly version: string
  readonly startedAt: string
  readonly posture: 'strict' | 'balanced' | 'available'
  /** Ready to check: the first lease was taken, and the present state can still answer for known keys. */
  readonly ready: boolean
  readonly lease: {
    readonly live: boolean
    readonly inGrace: boolean
    readonly ageMs: number | null
    readonly leaseMs: number
    readonly graceMs: number
  }
  readonly log: { readonly seq: number | null; readonly failing: boolean }
  readonly tiers: {
    readonly sql: { readonly kind: 'sqlite' | 'postgres'; readonly up: boolean }
    readonly shared: {
      readonly kind: 'in-process' | 'redis' | 'redis-cluster' | 'redis-sentinel'
      readonly up: boolean
    }
  }
  readonly entries: {
    readonly entries: number
    readonly warm: number
    readonly absent: number
    readonly flights: number
  }
  readonly nodes: readonly {
    readonly id: string
    readonly appliedSeq: number
    readonly boundMs: number
    readonly seenAt: string
    readonly left: boolean
  }[]
}

/** Times are RFC 3339 in UTC. */
type Instant = string
type Metadata = Readonly<Record<string, unknown>>

/** Body of every answer with a status of 400 and above. */
export type { ProblemBody } from '../gateway/problem.ts'

export interface ListBody<T> {
  readonly data: readonly T[]
  /** For the query member `cursor` of the next page; `null` on the last. */
  readonly nextCursor: string | null
}

/** Query members of lists. */
export interface ListQuery {
  /** 1 to 200, 50 unless given. */
  readonly limit?: number
  readonly cursor?: string
  /** Part of a name, or the beginning of an id. */
  readonly q?: string
  readonly tenantId?: string
}

export type KeyKindName = 'app' | 'dataset' | 'service' | 'admin'
export type KeyStateName = 'active' | 'disabled' | 'revoked'

export interface KeyListQuery extends ListQuery {
  readonly kind?: KeyKindName
  readonly state?: KeyStateName
  readonly appId?: string
}

export interface KeyBody {
  readonly id: string
  readonly kind: KeyKindName
  readonly tenantId: string | null
  readonly appId: string | null
  readonly name: string
  readonly prefix: string
  readonly lastFour: string
  readonly state: KeyStateName
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
  readonly allowedCidrs: readonly string[]
  readonly environment: string | null
  readonly metadata: Metadata
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly expiresAt: Instant | null
  readonly revokedAt: Instant | null
  readonly rotatedAt: Instant | null
  /** Until when the secret before the last rotation still works. */
  readonly previousValidUntil: Instant | null
  readonly lastUsedAt: Instant | null
}

/** Answer to the creation and the rotation of a key, the only times that `key` is shown. */
export interface IssuedKeyBody extends KeyBody {
  readonly key: string
}

interface KeyMembersBody {
  readonly scopes?: readonly string[]
  readonly permissions?: readonly string[]
  readonly allowedCidrs?: readonly string[]
  readonly environment?: string | null
  readonly metadata?: Metadata
  readonly expiresAt?: Instant | null
  /** Instead of `expiresAt`. */
  readonly expiresInSeconds?: number
}

/** `POST /api/v1/keys` */
export interface CreateKeyBody extends KeyMembersBody {
  readonly kind: KeyKindName
  readonly tenantId?: string | null
  readonly appId?: string | null
  readonly name: string
  /** Or the header `Idempotency-Key`. */
  readonly idempotencyKey?: string
}

/** `PATCH /api/v1/keys/{id}` */
export interface UpdateKeyBody extends KeyMembersBody {
  readonly name?: string
  readonly state?: 'active' | 'disabled'
}

/** `POST /api/v1/keys/{id}/rotate` */
export interface RotateKeyBody {
  readonly graceSeconds?: number
  /** Or the header `Idempotency-Key`. */
  readonly idempotencyKey?: string
}

/** Query of `POST /api/v1/keys/{id}/revoke` and `DELETE /api/v1/keys/{id}`. */
export interface RevokeQuery {
  /** Default: `none`. */
  readonly wait?: 'none' | 'all'
  /** Such as `2s` (the default); `15m` at most. */
  readonly timeout?: string
}

export interface ReceiptBody {
  readonly revision: number
  readonly committedAt: Instant
  readonly refusedEverywhereBy: Instant
  readonly nodes: readonly { readonly id: string; readonly confirmedAfterMs: number | null }[]
  readonly complete: boolean
}

/** Where a change stands in the log. */
export interface ChangeBody {
  readonly revision: number
  readonly committedAt: Instant
}

export interface VerifyKeyBody {
  readonly key: string
  readonly scope?: string
  readonly permissions?: readonly string[]
  readonly ip?: string
}

/** `POST /api/v1/keys/verify` takes one check or at most 1000. */
export type VerifyBody = VerifyKeyBody | { readonly checks: readonly VerifyKeyBody[] }

export interface VerdictBody {
  readonly valid: boolean
  readonly code: string
  readonly keyId: string | null
  readonly kind: KeyKindName | null
  readonly tenantId: string | null
  readonly appId: string | null
  readonly subject: string | null
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
  readonly environment: string | null
  readonly expiresAt: Instant | null
  readonly degraded: boolean
  readonly tier: 'L1' | 'L2' | 'L3' | 'none'
  readonly ageMs: number
  /** Position in the log at which storage was read. */
  readonly version: number
}

export interface VerdictsBody {
  /** In the order of the checks. */
  readonly results: readonly VerdictBody[]
}

export interface ImportKeyBody {
  readonly key?: string
  /** Hex or base64url, instead of `key`; then `pattern` is needed. */
  readonly sha256?: string
  readonly pattern?: { readonly prefix: string; readonly length: number; readonly alphabet?: string }
  readonly kind: Exclude<KeyKindName, 'admin'>
  readonly tenantId?: string
  readonly appId?: string | null
  readonly name: string
  readonly scopes?: readonly string[]
  readonly permissions?: readonly string[]
  readonly environment?: string | null
  readonly expiresAt?: Instant | null
}

/** `POST /api/v1/keys/import` */
export interface ImportBody {
  /** At most 1000. */
  readonly keys: readonly ImportKeyBody[]
}

export type ImportResultBody =
  | { readonly outcome: 'imported'; readonly keyId: string }
  | { readonly outcome: 'exists'; readonly keyId: string | null }
  | { readonly outcome: 'refused'; readonly problem: string; readonly fix: string }

export interface ImportedBody {
  /** In the order of the keys. */
  readonly results: readonly ImportResultBody[]
  readonly imported: number
  readonly existing: number
  readonly refused: number
  /** `null` when nothing was imported. */
  readonly revision: number | null
}

export interface TenantBody {
  readonly id: string
  readonly name: string
  readonly state: 'active' | 'suspended'
  readonly keyPrefix: string | null
  readonly metadata: Metadata
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export interface CreateTenantBody {
  readonly name: string
  readonly keyPrefix?: string | null
  readonly metadata?: Metadata
}

export interface UpdateTenantBody extends Partial<CreateTenantBody> {
  readonly state?: 'active' | 'suspended'
}

export type AppModeName = 'chat' | 'completion' | 'advanced-chat' | 'workflow' | 'agent-chat' | 'service'

export interface AppBody {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly mode: AppModeName
  readonly state: 'active' | 'disabled'
  readonly metadata: Metadata
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export interface CreateAppBody {
  readonly tenantId?: string
  readonly name: string
  readonly mode: AppModeName
  readonly metadata?: Metadata
}

export interface UpdateAppBody {
  readonly name?: string
  readonly metadata?: Metadata
  readonly state?: 'active' | 'disabled'
}

export interface AuditBody {
  readonly id: string
  readonly at: Instant
  readonly actor: { readonly id: string; readonly ip: string | null; readonly requestId: string | null }
  readonly action: string
  readonly subjectType: 'key' | 'tenant' | 'app' | 'node' | 'deployment'
  readonly subjectId: string
  readonly tenantId: string | null
  readonly changes: Metadata
}

export interface AuditListQuery extends ListQuery {
  readonly subjectId?: string
}

export type NodeBody = NodeState['nodes'][number]

/** `GET /readyz` */
export interface ReadyBody {
  readonly ready: boolean
  /** The node is shutting down. */
  readonly draining: boolean
  readonly lease: NodeState['lease']
  readonly log: NodeState['log']
  readonly tiers: NodeState['tiers']
}
