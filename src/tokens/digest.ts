import { type BinaryToTextEncoding, createHmac, hash, type KeyObject } from 'node:crypto'

/**
 * SHA-256 of a token as a string of 32 one-byte characters: the name of a token inside the process, never stored.
 * It stands on the path of every check. Of the encodings that `crypto.hash` offers this one makes the shortest map key:
 * hash and look-up together took 332 ns, against 399 ns with hex. Under its other name, `binary`, the same encoding took
 * 373 ns: Node looks for that name later.
 */
export function tokenHash(token: string): string {
  return hash('sha256', token, latin1)
}

/** `binary`, by the name that Node looks for first; its types know only the other. */
const latin1 = 'latin1' as string as BinaryToTextEncoding

/** The name of a token at rest: HMAC-SHA-256(pepper, SHA-256(token)), base64url without padding, 43 characters. */
export function restDigest(pepper: KeyObject, hashOfToken: string): string {
  return createHmac('sha256', pepper).update(hashOfToken, 'binary').digest('base64url')
}

/** Reads a SHA-256 from outside, 64 hex or 43 base64url characters, in the form of `tokenHash`. */
export function readTokenHash(text: string): string | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex').toString('binary')
  // 43 characters hold 258 bits: the last two must be zero, or two texts would name one digest.
  if (/^[0-9A-Za-z_-]{42}[AEIMQUYcgkosw048]$/.test(text)) return Buffer.from(text, 'base64url').toString('binary')
  return undefined
}
