import type { ApiKey } from '../domain/api-key.ts'
import { keySubject } from '../domain/subjects.ts'
import type { Caller, Revocation } from './authority.ts'
import type { AuthorityParts } from './parts.ts'
import { marked } from './parts.ts'
import { record } from './record.ts'
import { visible } from './rights.ts'
import type { WriteTransaction } from './store.ts'

/** A repeat is marked again, so that its receipt is as good as the first. */
export function revokeKey(parts: AuthorityParts, caller: Caller, id: string): Promise<Revocation> {
  return end(parts, caller, id, async (tx, key, nowMs) => {
    if (key.state === 'revoked') return key
    await note(tx, caller, key, 'key.revoke', nowMs)
    return saveRevoked(tx, key, nowMs)
  })
}

export function deleteKey(parts: AuthorityParts, caller: Caller, id: string): Promise<Revocation> {
  return end(parts, caller, id, async (tx, key, nowMs) => {
    await note(tx, caller, key, 'key.delete', nowMs)
    const revoked = await saveRevoked(tx, key, nowMs)
    await tx.deleteKey(id, nowMs)
    return revoked
  })
}

type Ending = (tx: WriteTransaction, key: ApiKey, nowMs: number) => Promise<ApiKey>

async function end({ store, clock }: AuthorityParts, caller: Caller, id: string, ending: Ending): Promise<Revocation> {
  const nowMs = clock.wall()
  const written = await store.write(async (tx) => {
    const before = visible(caller, 'key', await tx.key(id))
    const digests = await tx.digests(id)
    const key = await ending(tx, before, nowMs)
    tx.mark({ subjects: [keySubject(id)], terminal: true, restricts: true })
    const live = digests.filter(({ graceEndsAtMs }) => graceEndsAtMs === null || graceEndsAtMs > nowMs)
    return { key, digests: live.map(({ digest }) => digest) }
  })
  return { ...written.value, ...marked(written) }
}

async function saveRevoked(tx: WriteTransaction, key: ApiKey, nowMs: number): Promise<ApiKey> {
  if (key.state === 'revoked') return key
  const revoked: ApiKey = { ...key, state: 'revoked', revokedAtMs: nowMs, updatedAtMs: nowMs }
  await tx.saveKey(revoked)
  return revoked
}

function note(tx: WriteTransaction, caller: Caller, key: ApiKey, action: string, nowMs: number): Promise<void> {
  return record(tx, caller, {
    atMs: nowMs,
    action,
    subjectType: 'key',
    subjectId: key.id,
    tenantId: key.tenantId,
    changes: { state: { from: key.state, to: 'revoked' } },
  })
}
