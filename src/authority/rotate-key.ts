import { absenceOf } from '../cache/subjects.ts'
import type { ApiKey } from '../domain/api-key.ts'
import { keySubject } from '../domain/subjects.ts'
import { keyPrefix } from '../tokens/key-format.ts'
import type { Caller, IssuedKey, RotateKey } from './authority.ts'
import { checkIdempotencyKey, invalid } from './check-input.ts'
import { used } from './create-key.ts'
import { newSecret, sameSecret, seedOf } from './new-secret.ts'
import type { AuthorityParts } from './parts.ts'
import { writeOnce } from './parts.ts'
import { record } from './record.ts'
import { requireGrant, visible } from './rights.ts'
import type { WriteTransaction } from './store.ts'
import { revokedForGood } from './update-key.ts'

const maxGraceSeconds = 30 * 24 * 3600

type Issued = Omit<IssuedKey, 'position'>

/** A new secret for the same key. Whoever rotates gets to see a secret, so it needs all that the key has. */
export async function rotateKey(
  parts: AuthorityParts,
  caller: Caller,
  id: string,
  input: RotateKey,
): Promise<IssuedKey> {
  const graceSeconds = input.graceSeconds ?? 0
  if (!Number.isSafeInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > maxGraceSeconds) {
    throw invalid('graceSeconds is not valid', `Send a whole number from 0 to ${maxGraceSeconds}, which is 30 days`)
  }
  if (input.idempotencyKey !== undefined) checkIdempotencyKey(input.idempotencyKey)
  const rotation = rotationOf(parts, id, graceSeconds, input.idempotencyKey)
  const { value, position } = await writeOnce(parts.store, async (tx): Promise<Issued> => {
    const key = visible(caller, 'key', await tx.key(id))
    if (key.state === 'revoked') throw revokedForGood()
    await requireGrant(tx, caller, key)
    return (await repeatedRotation(parts, tx, key, rotation)) ?? rotate(parts, tx, caller, key, rotation)
  })
  return { ...value, position }
}

interface Rotation {
  readonly nowMs: number
  readonly graceSeconds: number
  readonly seed: string | undefined
  readonly idempotencyDigest: string | null
}

function rotationOf(
  { peppers, clock }: AuthorityParts,
  id: string,
  graceSeconds: number,
  idempotencyKey: string | undefined,
): Rotation {
  const nowMs = clock.wall()
  if (idempotencyKey === undefined) return { nowMs, graceSeconds, seed: undefined, idempotencyDigest: null }
  return {
    nowMs,
    graceSeconds,
    seed: seedOf(idempotencyKey, { graceSeconds }),
    idempotencyDigest: peppers.idempotencyDigest('key.rotate', id, idempotencyKey),
  }
}

async function repeatedRotation(
  { peppers }: AuthorityParts,
  tx: WriteTransaction,
  key: ApiKey,
  { seed, idempotencyDigest }: Rotation,
): Promise<Issued | undefined> {
  if (idempotencyDigest === null || seed === undefined) return undefined
  const made = await tx.digestByIdempotency(idempotencyDigest)
  if (!made) return undefined
  if (made.graceEndsAtMs !== null) throw used('This idempotencyKey was used for an earlier rotation')
  const again = sameSecret(peppers, key, made, seed)
  if (!again) throw used('This idempotencyKey was used for a rotation with another grace')
  return { key, secret: again.secret, repeated: true }
}

async function rotate(
  { peppers }: AuthorityParts,
  tx: WriteTransaction,
  caller: Caller,
  before: ApiKey,
  { nowMs, graceSeconds, seed, idempotencyDigest }: Rotation,
): Promise<Issued> {
  const tenant = before.tenantId === null ? undefined : await tx.tenant(before.tenantId)
  const prefix = keyPrefix(before.kind, tenant?.keyPrefix ?? null)
  const { secret, digest, pepperGeneration, lastFour } = newSecret(peppers, { prefix, id: before.id }, seed)
  const validUntilMs = nowMs + graceSeconds * 1000
  const key: ApiKey = {
    ...before,
    prefix,
    lastFour,
    rotatedAtMs: nowMs,
    previousValidUntilMs: validUntilMs,
    updatedAtMs: nowMs,
  }
  // Without a grace the end is no instant at all: a node whose clock is behind must not give the old secret a moment more.
  await endEarlier(tx, key.id, graceSeconds === 0 ? 0 : validUntilMs)
  await tx.insertDigest({
    digest,
    keyId: key.id,
    pepperGeneration,
    graceEndsAtMs: null,
    idempotencyDigest,
    createdAtMs: nowMs,
  })
  await tx.saveKey(key)
  await record(tx, caller, {
    atMs: nowMs,
    action: 'key.rotate',
    subjectType: 'key',
    subjectId: key.id,
    tenantId: key.tenantId,
    changes: { graceSeconds, lastFour: { from: before.lastFour, to: lastFour } },
  })
  tx.mark({ subjects: [keySubject(key.id), absenceOf(digest)], restricts: true })
  return { key, secret, repeated: false }
}

/** No secret outlives the grace of the newest rotation, also not one whose own grace was longer. */
async function endEarlier(tx: WriteTransaction, keyId: string, graceEndsAtMs: number): Promise<void> {
  for (const { digest, graceEndsAtMs: present } of await tx.digests(keyId)) {
    if (present === null || present > graceEndsAtMs) await tx.setGrace(digest, graceEndsAtMs)
  }
}
