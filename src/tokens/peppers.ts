import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { base62, base62OfBytes } from './base62.ts'
import { restDigest } from './digest.ts'
import type { ParsedKey } from './key-format.ts'
import { secretLength } from './key-format.ts'

/** Secrets of the deployment, 32 bytes each, numbered from 1 in the order of their making. Old ones stay valid. */
export interface Pepper {
  readonly generation: number
  readonly secret: Uint8Array
}

/**
 * One key for each use, so that what one of them gives away says nothing of the others. As key objects they are read once:
 * an HMAC then takes 2.5 µs, against 10 µs with raw bytes.
 */
interface Subkeys {
  readonly generation: number
  readonly tag: KeyObject
  readonly digest: KeyObject
  readonly derivation: KeyObject
}

export interface PepperRing {
  /** New keys are made under this generation. */
  readonly newest: number
  /**
   * Foreign tokens do not say their generation, and one look-up must do: all of them, and idempotency keys, stand under
   * the first.
   */
  readonly first: number
  /** 6 base62 characters of a keyed hash over all that precedes the tag. */
  tag(generation: number, tagged: string): string
  /** The generation that made the key's tag, newest first; `undefined` for a forgery. Takes the same time either way. */
  verifyTag(key: Pick<ParsedKey, 'tag' | 'tagged'>): number | undefined
  /** The name of a token at rest. */
  digest(generation: number, hashOfToken: string): string
  /** The secret part of a key, 32 base62 characters: the same for the same three arguments, though none is stored. */
  deriveSecret(generation: number, keyId: string, seed: string): string
  /** An idempotency key at rest, bound to what it was used for and by whom. */
  idempotencyDigest(purpose: string, owner: string, idempotencyKey: string): string
}

/** Throws a `RangeError` for no pepper at all, a repeated generation or one that is not 32 bytes long. */
export function createPepperRing(peppers: readonly Pepper[]): PepperRing {
  const newestFirst = peppers.map(subkeys).sort((a, b) => b.generation - a.generation)
  const byGeneration = new Map(newestFirst.map((keys) => [keys.generation, keys]))
  const newest = newestFirst[0]
  const first = newestFirst.at(-1)
  if (!newest || !first) throw new RangeError('a pepper ring needs at least one pepper')
  if (byGeneration.size !== peppers.length) throw new RangeError('two peppers have the same generation')

  const of = (generation: number): Subkeys => {
    const keys = byGeneration.get(generation)
    if (!keys) throw new RangeError(`there is no pepper of generation ${generation}`)
    return keys
  }

  return {
    newest: newest.generation,
    first: first.generation,
    tag: (generation, tagged) => tagUnder(of(generation), tagged),
    verifyTag(key) {
      const given = Buffer.from(key.tag, 'latin1')
      let found: number | undefined
      for (const keys of newestFirst) {
        const fits = sameBytes(Buffer.from(tagUnder(keys, key.tagged), 'latin1'), given)
        if (fits && found === undefined) found = keys.generation
      }
      return found
    },
    digest: (generation, hashOfToken) => restDigest(of(generation).digest, hashOfToken),
    deriveSecret(generation, keyId, seed) {
      const bytes = hkdfSync('sha256', of(generation).derivation, keyId, `key secret\0${seed}`, secretLength * 4)
      return base62OfBytes(new Uint8Array(bytes))
    },
    idempotencyDigest: (purpose, owner, idempotencyKey) =>
      createHmac('sha256', of(first.generation).derivation)
        .update(`idempotency\0${purpose}\0${owner}\0${idempotencyKey}`)
        .digest('base64url'),
  }
}

export function newPepperSecret(): Uint8Array {
  return randomBytes(32)
}

function tagUnder(keys: Subkeys, tagged: string): string {
  // 48 bits for 36: the bias is below 2^-12, and plain numbers keep a flood of forged keys cheap.
  const bits = createHmac('sha256', keys.tag).update(tagged).digest('hex').slice(0, 12)
  return base62(Number.parseInt(bits, 16), 6)
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function subkeys({ generation, secret }: Pepper): Subkeys {
  if (secret.length !== 32) throw new RangeError(`pepper ${generation} is not 32 bytes long`)
  const derive = (use: string) =>
    createSecretKey(new Uint8Array(hkdfSync('sha256', secret, '', `gatehouse ${use}`, 32)))
  return { generation, tag: derive('tag'), digest: derive('digest'), derivation: derive('derivation') }
}
