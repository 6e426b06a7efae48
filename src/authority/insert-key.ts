import { absenceOf } from '../cache/subjects.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { Caller, IssuedKey } from './authority.ts'
import type { ForeignToken } from './foreign-token.ts'
import { newSecret } from './new-secret.ts'
import { record } from './record.ts'
import type { WriteTransaction } from './store.ts'

export interface Idempotency {
  /** The secret is derived from it. */
  readonly seed: string
  /** Storage takes each only once. */
  readonly digest: string
}

/** Writes a key with a secret of our own making, its audit entry and its mark. */
export async function insertNative(
  peppers: PepperRing,
  tx: WriteTransaction,
  caller: Caller,
  draft: ApiKey,
  idempotency?: Idempotency,
): Promise<Omit<IssuedKey, 'position'>> {
  const { secret, digest, pepperGeneration, lastFour } = newSecret(peppers, draft, idempotency?.seed)
  const key: ApiKey = { ...draft, lastFour }
  const made = { digest, pepperGeneration, idempotencyDigest: idempotency?.digest ?? null }
  await insert(tx, caller, 'key.create', key, made)
  tx.mark({ subjects: [absenceOf(digest)], restricts: false })
  return { key, secret, repeated: false }
}

/** Writes a key whose secret was made elsewhere. The caller registers its form and marks absence, once for all lines. */
export function insertForeign(tx: WriteTransaction, caller: Caller, key: ApiKey, token: ForeignToken): Promise<void> {
  return insert(tx, caller, 'key.import', key, token)
}

async function insert(
  tx: WriteTransaction,
  caller: Caller,
  action: 'key.create' | 'key.import',
  key: ApiKey,
  made: Pick<ForeignToken, 'digest' | 'pepperGeneration'> & { readonly idempotencyDigest: string | null },
): Promise<void> {
  await tx.insertKey(key, {
    digest: made.digest,
    keyId: key.id,
    pepperGeneration: made.pepperGeneration,
    graceEndsAtMs: null,
    idempotencyDigest: made.idempotencyDigest,
    createdAtMs: key.createdAtMs,
  })
  if (key.kind === 'admin') await tx.noteAdminKey()
  const { kind, name, appId, scopes, permissions, allowedCidrs, expiresAtMs } = key
  await record(tx, caller, {
    atMs: key.createdAtMs,
    action,
    subjectType: 'key',
    subjectId: key.id,
    tenantId: key.tenantId,
    changes: { kind, name, appId, scopes, permissions, allowedCidrs, expiresAtMs },
  })
}
