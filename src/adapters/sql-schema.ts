import type { KeyKind, KeyState } from '../domain/api-key.ts'
import type { AppMode, AppState } from '../domain/app.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { TenantState } from '../domain/tenant.ts'

/**
 * The tables as the drivers hand them over, the same on both databases: instants are integer milliseconds, truth
 * values are 0 and 1, and members that end in `_json` are JSON as text.
 */
export interface Schema {
  /** `schema_version`, `min_reader_version`, `master_key_check`, `had_admin_key`; `duty_…`: when it was last done. */
  meta: { name: string; value: string }
  peppers: { generation: number; wrapped: string }
  tenants: TenantRow
  apps: AppRow
  keys: KeyRow
  /**
   * Kept for good, after rotation and revocation too: an old secret is told apart from an unknown one, and one that was
   * made elsewhere cannot be imported to life again. A rotation costs a row of some 200 bytes.
   */
  key_digests: DigestRow
  foreign_patterns: { id: string; prefix: string; length: number; alphabet: string }
  /** The change log. Row 0 is written by the migration, with a random mark: every database is a history of its own. */
  change_log: LogTable
  /** One row. Its lock is what puts the log into commit order. */
  log_head: { one: number; seq: number; mark: string; previous_mark: string }
  floors: { subject: string; seq: number; terminal: number; at_ms: number }
  nodes: NodeRow
  audit: AuditRow
}

export interface TenantRow {
  id: string
  name: string
  state: TenantState
  key_prefix: string | null
  metadata_json: string
  created_at_ms: number
  updated_at_ms: number
}

export interface AppRow {
  id: string
  tenant_id: string
  name: string
  mode: AppMode
  state: AppState
  metadata_json: string
  created_at_ms: number
  updated_at_ms: number
}

export interface KeyRow {
  id: string
  kind: KeyKind
  tenant_id: string | null
  app_id: string | null
  name: string
  prefix: string
  last_four: string
  state: KeyState
  scopes_json: string
  permissions_json: string
  cidrs_json: string
  environment: string | null
  metadata_json: string
  created_at_ms: number
  updated_at_ms: number
  expires_at_ms: number | null
  revoked_at_ms: number | null
  rotated_at_ms: number | null
  previous_valid_until_ms: number | null
  last_used_at_ms: number | null
  deleted_at_ms: number | null
}

export interface DigestRow {
  digest: string
  key_id: string
  pepper_generation: number
  grace_ends_at_ms: number | null
  idempotency_digest: string | null
  created_at_ms: number
}

export interface LogTable {
  seq: number
  mark: string
  previous_mark: string
  subjects_json: string
  terminal: number
  restricts: number
  at_ms: number
}

export interface NodeRow {
  id: string
  name: string
  lease_ms: number
  grace_ms: number
  applied_seq: number
  seen_at_ms: number
  left_at_ms: number | null
}

export interface AuditRow {
  id: string
  at_ms: number
  actor_id: string
  actor_ip: string | null
  request_id: string | null
  action: string
  subject_type: AuditEntry['subjectType']
  subject_id: string
  tenant_id: string | null
  changes_json: string
}
