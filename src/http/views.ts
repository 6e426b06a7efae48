import type { Receipt } from '../cache/receipts.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Tenant } from '../domain/tenant.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { AppBody, AuditBody, KeyBody, ReceiptBody, TenantBody, VerdictBody } from './contract.ts'
import { toInstant } from './instant.ts'

/** How things look from outside. Members are named one by one: what is added inside does not leave by itself. */

export function keyView(key: ApiKey): KeyBody {
  return {
    id: key.id,
    kind: key.kind,
    tenantId: key.tenantId,
    appId: key.appId,
    name: key.name,
    prefix: key.prefix,
    lastFour: key.lastFour,
    state: key.state,
    scopes: key.scopes,
    permissions: key.permissions,
    allowedCidrs: key.allowedCidrs,
    environment: key.environment,
    metadata: key.metadata,
    createdAt: toInstant(key.createdAtMs),
    updatedAt: toInstant(key.updatedAtMs),
    expiresAt: toInstant(key.expiresAtMs),
    revokedAt: toInstant(key.revokedAtMs),
    rotatedAt: toInstant(key.rotatedAtMs),
    previousValidUntil: toInstant(key.previousValidUntilMs),
    lastUsedAt: toInstant(key.lastUsedAtMs),
  }
}

export function tenantView(tenant: Tenant): TenantBody {
  const { id, name, state, keyPrefix, metadata } = tenant
  return { id, name, state, keyPrefix, metadata, ...lifeOf(tenant) }
}

export function appView(app: App): AppBody {
  const { id, tenantId, name, mode, state, metadata } = app
  return { id, tenantId, name, mode, state, metadata, ...lifeOf(app) }
}

function lifeOf(thing: { createdAtMs: number; updatedAtMs: number }) {
  return { createdAt: toInstant(thing.createdAtMs), updatedAt: toInstant(thing.updatedAtMs) }
}

export function auditView(entry: AuditEntry): AuditBody {
  const { id, atMs, actor, action, subjectType, subjectId, tenantId, changes } = entry
  const { id: actorId, ip, requestId } = actor
  const by = { id: actorId, ip, requestId }
  return { id, at: toInstant(atMs), actor: by, action, subjectType, subjectId, tenantId, changes }
}

export function receiptView(receipt: Receipt): ReceiptBody {
  const { revision, committedAtMs, refusedEverywhereByMs, nodes, complete } = receipt
  return {
    revision,
    committedAt: toInstant(committedAtMs),
    refusedEverywhereBy: toInstant(refusedEverywhereByMs),
    nodes: nodes.map(({ id, confirmedAfterMs }) => ({
      id,
      confirmedAfterMs: confirmedAfterMs === null ? null : rounded(confirmedAfterMs),
    })),
    complete,
  }
}

export function verdictView(verdict: Verdict): VerdictBody {
  const { principal, certificate } = verdict
  return {
    valid: verdict.kind === 'accepted',
    code: verdict.kind === 'accepted' ? 'VALID' : verdict.reason,
    keyId: principal?.keyId ?? null,
    kind: principal?.kind ?? null,
    tenantId: principal?.tenantId ?? null,
    appId: principal?.appId ?? null,
    subject: principal?.subject ?? null,
    scopes: principal?.scopes ?? [],
    permissions: principal?.permissions ?? [],
    environment: principal?.environment ?? null,
    expiresAt: toInstant(principal?.expiresAtMs ?? null),
    degraded: certificate.degraded,
    tier: certificate.tier,
    ageMs: rounded(certificate.ageMs),
    version: certificate.version,
  }
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
