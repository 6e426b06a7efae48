import type { KeyDigest } from '../authority/store.ts'
import type { LogRow } from '../cache/change-log.ts'
import type { RegisteredNode } from '../cache/node-registry.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Tenant } from '../domain/tenant.ts'
import type { AppRow, AuditRow, DigestRow, KeyRow, LogTable, NodeRow, TenantRow } from './sql-schema.ts'

/** Rows and what they mean. Only this file knows which member is which column. */

const list = (json: string): readonly string[] => JSON.parse(json)
const record = (json: string): Readonly<Record<string, unknown>> => JSON.parse(json)

export function tenantOf(row: TenantRow): Tenant {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    keyPrefix: row.key_prefix,
    metadata: record(row.metadata_json),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  }
}

export function tenantRow(tenant: Tenant): TenantRow {
  return {
    id: tenant.id,
    name: tenant.name,
    state: tenant.state,
    key_prefix: tenant.keyPrefix,
    metadata_json: JSON.stringify(tenant.metadata),
    created_at_ms: tenant.createdAtMs,
    updated_at_ms: tenant.updatedAtMs,
  }
}

export function appOf(row: AppRow): App {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    mode: row.mode,
    state: row.state,
    metadata: record(row.metadata_json),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  }
}

export function appRow(app: App): AppRow {
  return {
    id: app.id,
    tenant_id: app.tenantId,
    name: app.name,
    mode: app.mode,
    state: app.state,
    metadata_json: JSON.stringify(app.metadata),
    created_at_ms: app.createdAtMs,
    updated_at_ms: app.updatedAtMs,
  }
}

export function keyOf(row: Omit<KeyRow, 'deleted_at_ms'>): ApiKey {
  return {
    id: row.id,
    kind: row.kind,
    tenantId: row.tenant_id,
    appId: row.app_id,
    name: row.name,
    prefix: row.prefix,
    lastFour: row.last_four,
    state: row.state,
    scopes: list(row.scopes_json),
    permissions: list(row.permissions_json),
    allowedCidrs: list(row.cidrs_json),
    environment: row.environment,
    metadata: record(row.metadata_json),
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
    rotatedAtMs: row.rotated_at_ms,
    previousValidUntilMs: row.previous_valid_until_ms,
    lastUsedAtMs: row.last_used_at_ms,
  }
}

/** Without the two columns that have writers of their own. */
export function keyRow(key: ApiKey): Omit<KeyRow, 'last_used_at_ms' | 'deleted_at_ms'> {
  return {
    id: key.id,
    kind: key.kind,
    tenant_id: key.tenantId,
    app_id: key.appId,
    name: key.name,
    prefix: key.prefix,
    last_four: key.lastFour,
    state: key.state,
    scopes_json: JSON.stringify(key.scopes),
    permissions_json: JSON.stringify(key.permissions),
    cidrs_json: JSON.stringify(key.allowedCidrs),
    environment: key.environment,
    metadata_json: JSON.stringify(key.metadata),
    created_at_ms: key.createdAtMs,
    updated_at_ms: key.updatedAtMs,
    expires_at_ms: key.expiresAtMs,
    revoked_at_ms: key.revokedAtMs,
    rotated_at_ms: key.rotatedAtMs,
    previous_valid_until_ms: key.previousValidUntilMs,
  }
}

export function digestOf(row: DigestRow): KeyDigest {
  return {
    digest: row.digest,
    keyId: row.key_id,
    pepperGeneration: row.pepper_generation,
    graceEndsAtMs: row.grace_ends_at_ms,
    idempotencyDigest: row.idempotency_digest,
    createdAtMs: row.created_at_ms,
  }
}

export function digestRow(digest: KeyDigest): DigestRow {
  return {
    digest: digest.digest,
    key_id: digest.keyId,
    pepper_generation: digest.pepperGeneration,
    grace_ends_at_ms: digest.graceEndsAtMs,
    idempotency_digest: digest.idempotencyDigest,
    created_at_ms: digest.createdAtMs,
  }
}

export function auditOf(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    atMs: row.at_ms,
    actor: { id: row.actor_id, ip: row.actor_ip, requestId: row.request_id },
    action: row.action,
    subjectType: row.subject_type,
    subjectId: row.subject_id,
    tenantId: row.tenant_id,
    changes: record(row.changes_json),
  }
}

export function auditRow(entry: AuditEntry): AuditRow {
  return {
    id: entry.id,
    at_ms: entry.atMs,
    actor_id: entry.actor.id,
    actor_ip: entry.actor.ip,
    request_id: entry.actor.requestId,
    action: entry.action,
    subject_type: entry.subjectType,
    subject_id: entry.subjectId,
    tenant_id: entry.tenantId,
    changes_json: JSON.stringify(entry.changes),
  }
}

export function logRowOf(row: Omit<LogTable, 'at_ms'>): LogRow {
  return {
    seq: row.seq,
    mark: row.mark,
    previousMark: row.previous_mark,
    subjects: list(row.subjects_json),
    terminal: row.terminal === 1,
    restricts: row.restricts === 1,
  }
}

export function nodeOf(row: NodeRow): RegisteredNode {
  return {
    id: row.id,
    boundMs: row.lease_ms + row.grace_ms,
    appliedSeq: row.applied_seq,
    seenAtMs: row.seen_at_ms,
    leftAtMs: row.left_at_ms,
  }
}
