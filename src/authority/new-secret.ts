import { hash } from 'node:crypto'
import { randomBase62 } from '../kernel/id.ts'
import { Secret } from '../kernel/secret.ts'
import { tokenHash } from '../tokens/digest.ts'
import { formatKey, secretLength, taggedPart } from '../tokens/key-format.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { KeyDigest } from './store.ts'

export interface NewSecret {
  readonly secret: Secret
  readonly digest: string
  readonly pepperGeneration: number
  readonly lastFour: string
}

/** `seed`: the secret is derived from it, so that a repeat finds it again; without one it is random. */
export function newSecret(
  peppers: PepperRing,
  key: { readonly prefix: string; readonly id: string },
  seed?: string,
  generation = peppers.newest,
): NewSecret {
  const secret = seed === undefined ? randomBase62(secretLength) : peppers.deriveSecret(generation, key.id, seed)
  const tagged = taggedPart(key.prefix, key.id, secret)
  const token = formatKey(tagged, peppers.tag(generation, tagged))
  return {
    secret: new Secret(token),
    digest: peppers.digest(generation, tokenHash(token)),
    pepperGeneration: generation,
    lastFour: token.slice(-4),
  }
}

/** An idempotency key with all that the request said: the same key with another request leads to another secret. */
export function seedOf(idempotencyKey: string, request: object): string {
  return `${idempotencyKey}\0${hash('sha256', canonical(request), 'base64url')}`
}

/** The secret that a request made earlier, or `undefined` if another request with the same idempotency key made it. */
export function sameSecret(
  peppers: PepperRing,
  key: { readonly prefix: string; readonly id: string },
  made: KeyDigest,
  seed: string,
): NewSecret | undefined {
  const again = newSecret(peppers, key, seed, made.pepperGeneration)
  return again.digest === made.digest ? again : undefined
}

/** JSON in which the order of members says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}
