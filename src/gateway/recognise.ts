import type { ForeignForms } from '../tokens/foreign.ts'
import { looksNative, parseKey } from '../tokens/key-format.ts'
import type { RecognitionRing } from '../tokens/peppers.ts'

/** What a token says of itself, before anybody is asked. */
export type Recognised =
  /** Made here: its keyed tag is right, so a look-up is worth it. `slot` is its name at rest. */
  | { readonly kind: 'native'; readonly slot: string }
  /** Not in our format, but such keys were imported. */
  | { readonly kind: 'foreign'; readonly slot: string }
  | { readonly kind: 'refused'; readonly reason: 'MALFORMED' | 'NOT_FOUND' }

/** What is needed to recognise a token; replaced as a whole when the log says that it changed. */
export interface Keyring {
  readonly peppers: RecognitionRing
  readonly forms: ForeignForms
}

/** A forged key dies here: neither Redis nor SQL hears of it. */
export function recognise(token: string, hash: string, { peppers, forms }: Keyring): Recognised {
  if (looksNative(token)) {
    const parsed = parseKey(token)
    if (!parsed) return { kind: 'refused', reason: 'MALFORMED' }
    const generation = peppers.verifyTag(parsed)
    if (generation === undefined) return { kind: 'refused', reason: 'NOT_FOUND' }
    return { kind: 'native', slot: peppers.digest(generation, hash) }
  }
  if (!forms.fits(token)) return { kind: 'refused', reason: 'NOT_FOUND' }
  return { kind: 'foreign', slot: peppers.digest(peppers.first, hash) }
}
