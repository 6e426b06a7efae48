import type { Position } from '../cache/change-log.ts'
import type { ApiKey, KeyKind } from '../domain/api-key.ts'
import type { App, AppMode, AppState } from '../domain/app.ts'
import type { Actor, AuditEntry } from '../domain/audit.ts'
import type { Tenant, TenantState } from '../domain/tenant.ts'
import type { Secret } from '../kernel/secret.ts'
import type { KeyQuery, Page, PageQuery } from './store.ts'

/**
 * Everything that can be done to tenants, apps and keys, one file per operation. Every change is one SQL transaction
 * with its audit entry and its mark in the change log.
 *
 * Members that are left out of a patch stay as they are; `null` clears. Bad input throws `Fault('request.invalid')` with a
 * public sentence and a fix; what the caller may not see throws `request.not-found`, what it sees but may not do
 * `request.forbidden`, what contradicts the present state `request.conflict`.
 */
export interface Authority {
  createKey(caller: Caller, input: CreateKey): Promise<IssuedKey>
  key(caller: Caller, id: string): Promise<ApiKey>
  keys(caller: Caller, query: KeyQuery): Promise<Page<ApiKey>>
  updateKey(caller: Caller, id: string, patch: KeyPatch): Promise<Changed<ApiKey>>
  rotateKey(caller: Caller, id: string, input: RotateKey): Promise<IssuedKey>
  /** For good. Repeating it changes nothing and gives a receipt all the same. */
  revokeKey(caller: Caller, id: string): Promise<Revocation>
  /** Revokes and hides the key. */
  deleteKey(caller: Caller, id: string): Promise<Revocation>
  /** At most 1000 lines; each line succeeds or is refused by itself, storage failures undo all. */
  importKeys(caller: Caller, lines: readonly ImportLine[]): Promise<Import>

  createTenant(caller: Caller, input: CreateTenant): Promise<Tenant>
  tenant(caller: Caller, id: string): Promise<Tenant>
  tenants(caller: Caller, query: PageQuery): Promise<Page<Tenant>>
  /** `state` suspends and activates. */
  updateTenant(caller: Caller, id: string, patch: TenantPatch): Promise<Changed<Tenant>>
  /** Refused with `request.conflict` while apps or keys hang on it. */
  deleteTenant(caller: Caller, id: string): Promise<Deletion>

  createApp(caller: Caller, input: CreateApp): Promise<App>
  app(caller: Caller, id: string): Promise<App>
  apps(caller: Caller, query: PageQuery): Promise<Page<App>>
  /** `state` disables and enables. */
  updateApp(caller: Caller, id: string, patch: AppPatch): Promise<Changed<App>>
  /** Refused with `request.conflict` while keys hang on it that are not revoked. */
  deleteApp(caller: Caller, id: string): Promise<Deletion>

  audit(caller: Caller, query: PageQuery & { readonly subjectId?: string | undefined }): Promise<Page<AuditEntry>>

  /** The first admin key: `given`, or else one that is made; `undefined` if any admin key has ever existed. */
  bootstrapAdmin(given?: Secret): Promise<IssuedKey | undefined>
  /** One more admin key over all tenants. For the offline command only: whoever may call it holds the master key. */
  recoverAdmin(): Promise<IssuedKey>
  /** Every node drops what it has cached. */
  flushCaches(caller: Caller): Promise<Deletion>
}

/** Who acts, and with which rights: the principal of an admin key, or the machine itself (`systemCaller`). */
export interface Caller extends Actor {
  /** `null` rules over all tenants and may grant anything. Else only this tenant is visible. */
  readonly tenantId: string | null
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
}

/** The machine itself: the command line offline, the bootstrap. */
export function systemCaller(id: 'system' | 'cli' | 'bootstrap'): Caller {
  return { id, ip: null, requestId: null, tenantId: null, scopes: [], permissions: [] }
}

export type Metadata = Readonly<Record<string, unknown>>

/** What a key may be given besides its kind and owner. */
export interface KeyMembers {
  readonly name?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly permissions?: readonly string[] | undefined
  readonly allowedCidrs?: readonly string[] | undefined
  readonly environment?: string | null | undefined
  /** At most 16 KiB as JSON. */
  readonly metadata?: Metadata | undefined
  /** Wall time, in the future. */
  readonly expiresAtMs?: number | null | undefined
  /** Instead of `expiresAtMs`: from now on. */
  readonly expiresInSeconds?: number | undefined
}

export interface CreateKey extends KeyMembers {
  readonly kind: KeyKind
  /** May be left out by a caller with a tenant, and for admin keys over all tenants. */
  readonly tenantId?: string | null | undefined
  readonly appId?: string | null | undefined
  readonly name: string
  /** 22 to 255 visible ASCII characters. A repeat of the same request gives the same key and the same secret. */
  readonly idempotencyKey?: string | undefined
}

export interface KeyPatch extends KeyMembers {
  /** A revoked key stays revoked. */
  readonly state?: 'active' | 'disabled' | undefined
}

export interface RotateKey {
  /** How long the secret before it still works: 0 (default) to 2,592,000, which is 30 days. */
  readonly graceSeconds?: number | undefined
  readonly idempotencyKey?: string | undefined
}

/** The only time that a clear key is shown. */
export interface IssuedKey {
  readonly key: ApiKey
  readonly secret: Secret
  /** True for a repeat with the same idempotency key: nothing was changed. */
  readonly repeated: boolean
  /** `null` when nothing was marked. */
  readonly position: Position | null
}

export interface Changed<T> {
  readonly value: T
  /** `null` when nothing changed that a check would see. */
  readonly position: Position | null
  readonly committedAtMs: number
}

/** What a receipt is made of. */
export interface Revocation {
  readonly key: ApiKey
  /** Of every secret that still worked, the present one and those in grace: their slots get terminal states. */
  readonly digests: readonly string[]
  readonly position: Position
  readonly committedAtMs: number
}

export interface Deletion {
  readonly position: Position
  readonly committedAtMs: number
}

/** Either the clear key, or its SHA-256 (hex or base64url) with the form that such tokens have. */
export interface ImportLine {
  readonly key?: string | undefined
  readonly sha256?: string | undefined
  /** Needed with `sha256`. The alphabet is any visible ASCII character unless given. */
  readonly pattern?:
    | { readonly prefix: string; readonly length: number; readonly alphabet?: string | undefined }
    | undefined
  readonly kind: Exclude<KeyKind, 'admin'>
  readonly tenantId?: string | undefined
  readonly appId?: string | null | undefined
  readonly name: string
  readonly scopes?: readonly string[] | undefined
  readonly permissions?: readonly string[] | undefined
  readonly environment?: string | null | undefined
  readonly expiresAtMs?: number | null | undefined
}

/** In the order of the lines. `exists`: this token is a key already, and was left as it is. */
export type ImportResult =
  | { readonly outcome: 'imported'; readonly keyId: string }
  | { readonly outcome: 'exists'; readonly keyId: string | null }
  | { readonly outcome: 'refused'; readonly problem: string; readonly fix: string }

export interface Import {
  readonly results: readonly ImportResult[]
  /** `null` when nothing was imported. */
  readonly position: Position | null
}

export interface CreateTenant {
  readonly name: string
  readonly keyPrefix?: string | null | undefined
  readonly metadata?: Metadata | undefined
}

export interface TenantPatch {
  readonly name?: string | undefined
  readonly keyPrefix?: string | null | undefined
  readonly metadata?: Metadata | undefined
  readonly state?: TenantState | undefined
}

export interface CreateApp {
  /** May be left out by a caller with a tenant. */
  readonly tenantId?: string | undefined
  readonly name: string
  readonly mode: AppMode
  readonly metadata?: Metadata | undefined
}

export interface AppPatch {
  readonly name?: string | undefined
  readonly metadata?: Metadata | undefined
  readonly state?: AppState | undefined
}
