import type { Position } from '../cache/change-log.ts'
import type { ApiKey, KeyKind, KeyState } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Credential } from '../domain/credential.ts'
import type { Tenant } from '../domain/tenant.ts'

/**
 * The ports of the authority towards SQL. Reads throw `Fault('store.unavailable')` when they cannot be done. All
 * times are integer milliseconds. A broken uniqueness rule throws `Fault('request.conflict')` with a public sentence.
 */

/** One secret of a key, as it stands at rest: HMAC-SHA-256(pepper, SHA-256(token)), base64url without padding. */
export interface KeyDigest {
  readonly digest: string
  readonly keyId: string
  readonly pepperGeneration: number
  /** `null`: the current secret. Else the secret was rotated out and works until then. */
  readonly graceEndsAtMs: number | null
  /** Of the idempotency key that made this secret, at rest like a secret; `null` where none was given. */
  readonly idempotencyDigest: string | null
  readonly createdAtMs: number
}

/** Tokens that are not in Gatehouse's format are looked up only if one of these fits. */
export interface ForeignPattern {
  readonly id: string
  readonly prefix: string
  readonly length: number
  /** Every character that occurs in such tokens after the prefix, sorted. */
  readonly alphabet: string
}

export interface Page<T> {
  /** May be short, or even empty, though there is a next page: a search looks at a bounded part of a list at a time. */
  readonly data: readonly T[]
  readonly nextCursor: string | null
}

export interface PageQuery {
  /** 1 to 200. */
  readonly limit: number
  /** As answered by the page before; anything else throws `Fault('request.invalid')`. */
  readonly cursor?: string | undefined
  /** Part of a name, or the beginning of an id; taken literally. The few that an id names stand first. */
  readonly q?: string | undefined
  /** Only what belongs to this tenant. */
  readonly tenantId?: string | undefined
}

export interface KeyQuery extends PageQuery {
  readonly kind?: KeyKind | undefined
  readonly state?: KeyState | undefined
  readonly appId?: string | undefined
}

/** What one transaction appends to the change log; the subjects of several calls are joined into one row. */
export interface ChangeMark {
  readonly subjects: readonly string[]
  readonly terminal?: boolean
  /** Raises floors in SQL. `false` for what only ends cached absence (creation, import). */
  readonly restricts: boolean
}

/** Inside one SQL transaction. Rows that are read here are locked until its end. */
export interface WriteTransaction {
  key(id: string): Promise<ApiKey | undefined>
  insertKey(key: ApiKey, digest: KeyDigest): Promise<void>
  /** Writes every member of the key but `lastUsedAtMs`. */
  saveKey(key: ApiKey): Promise<void>
  /** Hides the key from every read but `credential`, where it stands as revoked. */
  deleteKey(id: string, atMs: number): Promise<void>
  digests(keyId: string): Promise<readonly KeyDigest[]>
  insertDigest(digest: KeyDigest): Promise<void>
  setGrace(digest: string, graceEndsAtMs: number): Promise<void>
  digestByIdempotency(idempotencyDigest: string): Promise<KeyDigest | undefined>
  tenant(id: string): Promise<Tenant | undefined>
  insertTenant(tenant: Tenant): Promise<void>
  saveTenant(tenant: Tenant): Promise<void>
  /** Refused with `request.conflict` while apps or keys hang on it. */
  deleteTenant(id: string): Promise<void>
  app(id: string): Promise<App | undefined>
  /** Whether a key that is not revoked belongs to the app. */
  appIsUsed(id: string): Promise<boolean>
  insertApp(app: App): Promise<void>
  saveApp(app: App): Promise<void>
  deleteApp(id: string): Promise<void>
  insertPattern(pattern: ForeignPattern): Promise<void>
  /** Whether any admin key was ever made here; set by `noteAdminKey`, never unset. */
  hadAdminKey(): Promise<boolean>
  noteAdminKey(): Promise<void>
  audit(entry: AuditEntry): Promise<void>
  /** Appended as the last statement of the transaction, with floors for subjects when it restricts. */
  mark(change: ChangeMark): void
}

export interface Written<T> {
  readonly value: T
  /** Where the log stands after the commit; `null` when nothing was marked. */
  readonly position: Position | null
  readonly committedAtMs: number
}

export interface Store {
  /** One transaction: all or nothing. What `work` throws rolls back and is thrown on. Never retried after the commit was sent. */
  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<Written<T>>
  key(id: string): Promise<ApiKey | undefined>
  keys(query: KeyQuery): Promise<Page<ApiKey>>
  digests(keyId: string): Promise<readonly KeyDigest[]>
  tenant(id: string): Promise<Tenant | undefined>
  tenants(query: PageQuery): Promise<Page<Tenant>>
  app(id: string): Promise<App | undefined>
  apps(query: PageQuery): Promise<Page<App>>
  audit(query: PageQuery & { readonly subjectId?: string | undefined }): Promise<Page<AuditEntry>>
  patterns(): Promise<readonly ForeignPattern[]>
}

/** A credential, with the place in the log at which the same statement read it. */
export interface CredentialRead {
  readonly at: Position
  readonly credential: Credential | null
}

/** The one query of a cold check, and what a node reads ahead of its first. */
export interface CredentialSource {
  /** One statement in one snapshot, from the primary. Aborting gives the connection back. */
  find(digest: string, signal?: AbortSignal): Promise<CredentialRead>
  /** The most recently used keys, at most `limit`, with their digests. */
  recent(
    limit: number,
  ): Promise<readonly (CredentialRead & { readonly digest: string; readonly credential: Credential })[]>
}

/** Last use, kept in process and written in batches. Replaying a batch changes nothing. */
export interface UsageStore {
  /** Raises `lastUsedAtMs` of each key, never lowers it. */
  touch(batch: readonly { readonly keyId: string; readonly lastUsedAtMs: number }[]): Promise<void>
}

/** Secrets at rest, wrapped by the master key; this port sees only the wrapped form. */
export interface VaultStore {
  peppers(): Promise<readonly { readonly generation: number; readonly wrapped: string }[]>
  /** Adds the generation unless it exists; answers with what now stands there. */
  addPepper(generation: number, wrapped: string): Promise<string>
  /** The stored value if there is one, else stores this one: two nodes that start at once agree. */
  masterKeyCheck(value: string): Promise<string>
}
