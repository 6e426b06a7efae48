import type { ApiKey } from '../domain/api-key.ts'
import { randomBase62 } from '../kernel/id.ts'
import { idLength } from '../tokens/key-format.ts'

type Needed = 'kind' | 'tenantId' | 'appId' | 'name' | 'prefix'
type Optional = 'scopes' | 'permissions' | 'allowedCidrs' | 'environment' | 'metadata' | 'expiresAtMs' | 'lastFour'
type Given = Pick<ApiKey, Needed> & { readonly [M in Optional]?: ApiKey[M] | undefined }

/** A key as it stands before its first use: active, with a fresh id. */
export function newKey(given: Given, nowMs: number): ApiKey {
  return {
    id: randomBase62(idLength),
    kind: given.kind,
    tenantId: given.tenantId,
    appId: given.appId,
    name: given.name,
    prefix: given.prefix,
    lastFour: given.lastFour ?? '',
    state: 'active',
    scopes: given.scopes ?? [],
    permissions: given.permissions ?? [],
    allowedCidrs: given.allowedCidrs ?? [],
    environment: given.environment ?? null,
    metadata: given.metadata ?? {},
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs: given.expiresAtMs ?? null,
    revokedAtMs: null,
    rotatedAtMs: null,
    previousValidUntilMs: null,
    lastUsedAtMs: null,
  }
}
