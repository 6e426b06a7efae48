import type { ForeignForms } from './foreign.ts'
import { mayBeForeign } from './foreign.ts'
import { looksNative, parseKey } from './key-format.ts'
import type { PepperRing } from './peppers.ts'

/** What a token is worth before anything is looked up. */
export type TokenReading =
  | { readonly kind: 'native'; readonly digest: string; readonly keyId: string }
  | { readonly kind: 'foreign'; readonly digest: string }
  | { readonly kind: 'refused'; readonly reason: 'MALFORMED' | 'NOT_FOUND' }

const malformed: TokenReading = { kind: 'refused', reason: 'MALFORMED' }
const notFound: TokenReading = { kind: 'refused', reason: 'NOT_FOUND' }

/**
 * Says under which name at rest to look for a token, if at all: a key in the own format needs its checksum and a tag made
 * here, any other token a registered form. `hashOfToken`: as `tokenHash` gives it.
 */
export function readToken(peppers: PepperRing, forms: ForeignForms, token: string, hashOfToken: string): TokenReading {
  if (looksNative(token)) {
    const key = parseKey(token)
    if (!key) return malformed
    const generation = peppers.verifyTag(key)
    if (generation === undefined) return notFound
    return { kind: 'native', digest: peppers.digest(generation, hashOfToken), keyId: key.id }
  }
  if (!mayBeForeign(token)) return malformed
  return forms.fits(token) ? { kind: 'foreign', digest: peppers.digest(peppers.first, hashOfToken) } : notFound
}
