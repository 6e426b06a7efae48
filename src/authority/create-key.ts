import type { ApiKey } from '../domain/api-key.ts'
import type { Tenant } from '../domain/tenant.ts'
import { Fault } from '../kernel/fault.ts'
import { keyPrefix } from '../tokens/key-format.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { Caller, CreateKey, IssuedKey } from './authority.ts'
import { checkIdempotencyKey, checkMembers, checkName, expiryOf, invalid } from './check-input.ts'
import type { Idempotency } from './insert-key.ts'
import { insertNative } from './insert-key.ts'
import { newKey } from './new-key.ts'
import { sameSecret, seedOf } from './new-secret.ts'
import type { AuthorityParts } from './parts.ts'
import { writeOnce } from './parts.ts'
import { forbidden, requireGrant, visible } from './rights.ts'
import type { WriteTransaction } from './store.ts'

type Issued = Omit<IssuedKey, 'position'>

export async function createKey(parts: AuthorityParts, caller: Caller, input: CreateKey): Promise<IssuedKey> {
  checkName(input.name)
  checkMembers(input)
  if (input.idempotencyKey !== undefined) checkIdempotencyKey(input.idempotencyKey)
  const { peppers, store, clock } = parts
  const nowMs = clock.wall()
  const { value, position } = await writeOnce(store, async (tx): Promise<Issued> => {
    const tenant = await tenantOf(tx, caller, input)
    const idempotency = idempotencyOf(peppers, input, tenant)
    const repeated = idempotency && (await repeatedCreation(peppers, tx, caller, idempotency))
    if (repeated) return repeated
    const draft = newKey(
      {
        ...input,
        tenantId: tenant?.id ?? null,
        appId: await appOf(tx, input, tenant),
        prefix: keyPrefix(input.kind, tenant?.keyPrefix ?? null),
        expiresAtMs: expiryOf(input, nowMs),
      },
      nowMs,
    )
    await requireGrant(tx, caller, draft)
    return insertNative(peppers, tx, caller, draft, idempotency)
  })
  return { ...value, position }
}

function idempotencyOf(peppers: PepperRing, input: CreateKey, tenant: Tenant | null): Idempotency | undefined {
  const { idempotencyKey, ...request } = input
  if (idempotencyKey === undefined) return undefined
  return {
    seed: seedOf(idempotencyKey, request),
    digest: peppers.idempotencyDigest('key.create', tenant?.id ?? '', idempotencyKey),
  }
}

/** What the same request made before. Whoever repeats it gets the secret again, so it needs the rights again. */
async function repeatedCreation(
  peppers: PepperRing,
  tx: WriteTransaction,
  caller: Caller,
  { seed, digest }: Idempotency,
): Promise<Issued | undefined> {
  const made = await tx.digestByIdempotency(digest)
  if (!made) return undefined
  const key: ApiKey | undefined = await tx.key(made.keyId)
  if (!key || key.state === 'revoked' || made.graceEndsAtMs !== null) {
    throw used('The key that this idempotencyKey made has been revoked, deleted or rotated since')
  }
  const again = sameSecret(peppers, key, made, seed)
  if (!again) throw used('This idempotencyKey was used for another request')
  await requireGrant(tx, caller, key)
  return { key, secret: again.secret, repeated: true }
}

export function used(problem: string): Fault {
  return new Fault('request.conflict', { public: problem, fix: 'Send a new idempotencyKey' })
}

async function tenantOf(tx: WriteTransaction, caller: Caller, input: CreateKey): Promise<Tenant | null> {
  const id = input.tenantId === undefined ? caller.tenantId : input.tenantId
  if (id !== null) return visible(caller, 'tenant', await tx.tenant(id))
  if (input.kind !== 'admin') throw invalid('tenantId is missing', 'Say to which tenant the key is to belong')
  if (caller.tenantId !== null) {
    throw forbidden('An admin key with a tenant cannot make one over all tenants', 'Leave tenantId out')
  }
  return null
}

async function appOf(tx: WriteTransaction, input: CreateKey, tenant: Tenant | null): Promise<string | null> {
  const id = input.appId ?? null
  if (id === null) return null
  if (input.kind === 'admin') throw invalid('An admin key has no app', 'Leave appId out')
  const app = await tx.app(id)
  if (!app || app.tenantId !== tenant?.id) {
    throw invalid('appId names no app of this tenant', 'Look the id up in the list of apps, or leave it out')
  }
  return id
}
