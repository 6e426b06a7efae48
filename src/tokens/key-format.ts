import { crc32 } from 'node:zlib'
import type { KeyKind } from '../domain/api-key.ts'
import { base62 } from './base62.ts'

/**
 * `<prefix>_<id 12><secret 32><tag 6><crc 6>`, base62 after the prefix. It is read from the end, since every part but the
 * prefix has a fixed length: a tenant's own prefix may hold underscores.
 */

export const idLength = 12
export const secretLength = 32
const tagLength = 6
const crcLength = 6
const bodyLength = idLength + secretLength + tagLength + crcLength

/** The end of the prefix says what the key opens; `gh` before it gives way to the tenant's own. */
const suffixes = { app: 'app', dataset: 'ds', service: 'svc', admin: 'admin' } as const satisfies Record<
  KeyKind,
  string
>

/** Finds every key in a text, for secret scanners. RE2, PCRE and JavaScript read it alike. */
export const keyPattern = '\\b[a-z0-9_]{2,24}_(?:app|ds|svc|admin)_[0-9A-Za-z]{56}\\b'

const wholeKey = new RegExp(`^${keyPattern}$`)

export interface ParsedKey {
  readonly prefix: string
  readonly id: string
  readonly secret: string
  readonly tag: string
  readonly crc: string
  /** What the tag vouches for: all that precedes it. */
  readonly tagged: string
}

export function keyPrefix(kind: KeyKind, tenantPrefix: string | null): string {
  return `${tenantPrefix ?? 'gh'}_${suffixes[kind]}`
}

/** What the tag is computed over. */
export function taggedPart(prefix: string, id: string, secret: string): string {
  return `${prefix}_${id}${secret}`
}

export function formatKey(tagged: string, tag: string): string {
  return tagged + tag + checksum(tagged + tag)
}

/** Whether a text has the outer form of a Gatehouse key. Such a text is never a foreign token, whatever its checksum. */
export function looksNative(token: string): boolean {
  return wholeKey.test(token)
}

/** `undefined` unless the form and the checksum are right. The tag is for `PepperRing.verifyTag` to judge. */
export function parseKey(token: string): ParsedKey | undefined {
  if (!looksNative(token)) return undefined
  const body = token.length - bodyLength
  const secretAt = body + idLength
  const tagAt = secretAt + secretLength
  const crcAt = tagAt + tagLength
  const crc = token.slice(crcAt)
  if (checksum(token.slice(0, crcAt)) !== crc) return undefined
  return {
    prefix: token.slice(0, body - 1),
    id: token.slice(body, secretAt),
    secret: token.slice(secretAt, tagAt),
    tag: token.slice(tagAt, crcAt),
    crc,
    tagged: token.slice(0, tagAt),
  }
}

function checksum(text: string): string {
  return base62(crc32(text), crcLength)
}
