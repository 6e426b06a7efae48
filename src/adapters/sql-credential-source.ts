import { type RawBuilder, sql } from 'kysely'
import type { CredentialSource } from '../authority/store.ts'
import type { Credential } from '../domain/credential.ts'
import type { SqlEngine } from './sql-engine.ts'
import { headless } from './sql-log.ts'
import type { KeyRow } from './sql-schema.ts'

interface FoundKey extends Pick<KeyRow, KeyColumns> {
  readonly key_id: string
  readonly tenant_state: NonNullable<Credential['tenantState']> | null
  readonly app_state: NonNullable<Credential['appState']> | null
  readonly grace_ends_at_ms: number | null
}

type KeyColumns =
  | 'kind'
  | 'state'
  | 'tenant_id'
  | 'app_id'
  | 'scopes_json'
  | 'permissions_json'
  | 'cidrs_json'
  | 'environment'
  | 'expires_at_ms'
  | 'deleted_at_ms'

type FoundRow = { readonly seq: number; readonly mark: string } & (FoundKey | { readonly key_id: null })

const findTimeoutMs = 2_000

export function sqlCredentialSource(engine: SqlEngine): CredentialSource {
  const find = engine.prepare<FoundRow>('gatehouse_find', findStatement, 'lookup')
  const recent = engine.prepare<FoundRow & { readonly digest: string }>('gatehouse_recent', recentStatement, 'lookup')
  return {
    async find(digest, signal) {
      const [row] = await find([digest], { signal, timeoutMs: findTimeoutMs })
      if (!row) throw headless()
      return { at: { seq: row.seq, mark: row.mark }, credential: row.key_id === null ? null : credentialOf(row) }
    },
    async recent(limit) {
      const rows = await recent([limit])
      return rows.flatMap((row) => {
        if (row.key_id === null) return []
        return [{ digest: row.digest, at: { seq: row.seq, mark: row.mark }, credential: credentialOf(row) }]
      })
    },
  }
}

const columns = sql`h.seq, h.mark, k.id as key_id, k.kind, k.state, k.tenant_id, k.app_id, k.scopes_json,
  k.permissions_json, k.cidrs_json, k.environment, k.expires_at_ms, k.deleted_at_ms,
  t.state as tenant_state, a.state as app_state, d.grace_ends_at_ms`

/** The head of the log and the credential from one statement: the stamp says exactly which changes it has seen. */
const findStatement: RawBuilder<FoundRow> = sql`
  select ${columns}
  from log_head h
  left join key_digests d on d.digest = ${0}
  left join keys k on k.id = d.key_id
  left join tenants t on t.id = k.tenant_id
  left join apps a on a.id = k.app_id`

const recentStatement: RawBuilder<FoundRow & { readonly digest: string }> = sql`
  select d.digest, ${columns}
  from (
    select id, last_used_at_ms from keys
    where last_used_at_ms is not null and deleted_at_ms is null
    order by last_used_at_ms desc limit ${0}
  ) u
  join log_head h on true
  join keys k on k.id = u.id
  join key_digests d on d.key_id = k.id
  left join tenants t on t.id = k.tenant_id
  left join apps a on a.id = k.app_id
  order by u.last_used_at_ms desc`

/** What is deleted, or hangs on an owner that is, reads as revoked: it once existed and never comes back. */
function credentialOf(row: FoundKey): Credential {
  const tenantGone = row.tenant_id !== null && row.tenant_state === null
  const appGone = row.app_id !== null && row.app_state === null
  return {
    keyId: row.key_id,
    kind: row.kind,
    keyState: row.deleted_at_ms !== null || tenantGone || appGone ? 'revoked' : row.state,
    tenantId: row.tenant_id,
    tenantState: row.tenant_state,
    appId: row.app_id,
    appState: row.app_state,
    scopes: JSON.parse(row.scopes_json),
    permissions: JSON.parse(row.permissions_json),
    allowedCidrs: JSON.parse(row.cidrs_json),
    environment: row.environment,
    expiresAtMs: row.expires_at_ms,
    graceEndsAtMs: row.grace_ends_at_ms,
  }
}
