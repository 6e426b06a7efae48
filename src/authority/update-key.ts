import type { ApiKey } from '../domain/api-key.ts'
import { keySubject } from '../domain/subjects.ts'
import { Fault } from '../kernel/fault.ts'
import type { Caller, Changed, KeyPatch } from './authority.ts'
import { checkMembers, expiryOf } from './check-input.ts'
import type { AuthorityParts } from './parts.ts'
import { differences, record } from './record.ts'
import { requireGrant, visible } from './rights.ts'

/** What a check sees. A change of these ends what is cached, also where it loosens: a key that should work works at once. */
const seenByChecks = ['state', 'scopes', 'permissions', 'allowedCidrs', 'environment', 'expiresAtMs'] as const
const patched = [...seenByChecks, 'name', 'metadata'] as const

export async function updateKey(
  { store, clock }: AuthorityParts,
  caller: Caller,
  id: string,
  patch: KeyPatch,
): Promise<Changed<ApiKey>> {
  checkMembers(patch)
  const nowMs = clock.wall()
  return store.write(async (tx) => {
    const before = visible(caller, 'key', await tx.key(id))
    if (patch.state !== undefined && before.state === 'revoked') throw revokedForGood()
    const after = patchedKey(before, patch, expiryOf(patch, nowMs), nowMs)
    const changes = differences(before, after, patched)
    if (Object.keys(changes).length === 0) return before

    const seen = seenByChecks.filter((member) => member in changes)
    const onlyDisables = seen.length === 1 && patch.state === 'disabled'
    if (seen.length > 0 && !onlyDisables) await requireGrant(tx, caller, after)
    await tx.saveKey(after)
    const action = seen.length === 1 && seen[0] === 'state' ? stateActions[after.state] : 'key.update'
    await record(tx, caller, {
      atMs: nowMs,
      action,
      subjectType: 'key',
      subjectId: id,
      tenantId: after.tenantId,
      changes,
    })
    if (seen.length > 0) tx.mark({ subjects: [keySubject(id)], restricts: true })
    return after
  })
}

const stateActions = { active: 'key.enable', disabled: 'key.disable', revoked: 'key.revoke' } as const

export function revokedForGood(): Fault {
  return new Fault('request.conflict', { public: 'This key is revoked, for good', fix: 'Create a new key' })
}

function patchedKey(key: ApiKey, patch: KeyPatch, expiresAtMs: number | null | undefined, nowMs: number): ApiKey {
  return {
    ...key,
    name: patch.name ?? key.name,
    state: patch.state ?? key.state,
    scopes: patch.scopes ?? key.scopes,
    permissions: patch.permissions ?? key.permissions,
    allowedCidrs: patch.allowedCidrs ?? key.allowedCidrs,
    environment: patch.environment === undefined ? key.environment : patch.environment,
    metadata: patch.metadata ?? key.metadata,
    expiresAtMs: expiresAtMs === undefined ? key.expiresAtMs : expiresAtMs,
    updatedAtMs: nowMs,
  }
}
