import { readTokenHash, tokenHash } from '../tokens/digest.ts'
import type { TokenForm } from '../tokens/foreign.ts'
import { formOf, mayBeForeign, readAlphabet, visibleAscii } from '../tokens/foreign.ts'
import { looksNative } from '../tokens/key-format.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { ImportLine } from './authority.ts'
import { invalid } from './check-input.ts'

/** A token that was made elsewhere, as it is kept here. */
export interface ForeignToken {
  readonly digest: string
  readonly pepperGeneration: number
  readonly idempotencyDigest: string
  readonly form: TokenForm
  /** Empty where the clear token is gone. */
  readonly lastFour: string
}

export function readForeignToken(
  peppers: PepperRing,
  line: Pick<ImportLine, 'key' | 'sha256' | 'pattern'>,
): ForeignToken {
  if ((line.key === undefined) === (line.sha256 === undefined)) {
    throw invalid('A line needs either key or sha256', 'Send the clear key, or its SHA-256 where the clear key is gone')
  }
  if (line.key !== undefined) return clearToken(peppers, line.key)
  const hash = readTokenHash(line.sha256 ?? '')
  if (hash === undefined) throw invalid('sha256 is not a SHA-256', 'Send 64 hex or 43 base64url characters')
  return keptAs(peppers, hash, readForm(line.pattern), '')
}

export function clearToken(peppers: PepperRing, token: string): ForeignToken {
  if (looksNative(token)) {
    throw invalid('A key in the format of Gatehouse cannot be imported', 'Create a new key in its place')
  }
  if (!mayBeForeign(token)) {
    throw invalid('The key is not valid', 'Only 16 to 512 visible ASCII characters can be a key')
  }
  return keptAs(peppers, tokenHash(token), formOf(token), token.slice(-4))
}

function keptAs(peppers: PepperRing, hash: string, form: TokenForm, lastFour: string): ForeignToken {
  const digest = peppers.digest(peppers.first, hash)
  return {
    digest,
    pepperGeneration: peppers.first,
    idempotencyDigest: peppers.idempotencyDigest('key.import', '', digest),
    form,
    lastFour,
  }
}

function readForm(pattern: ImportLine['pattern']): TokenForm {
  if (!pattern) {
    throw invalid(
      'pattern is missing',
      'With sha256, send the form of the clear key, such as {"prefix": "app-", "length": 28}',
    )
  }
  const { prefix, length } = pattern
  const alphabet = pattern.alphabet === undefined ? visibleAscii : readAlphabet(pattern.alphabet)
  const lengthFits = Number.isSafeInteger(length) && length >= 16 && length <= 512
  if (!/^[!-~]{0,32}$/.test(prefix) || !lengthFits || prefix.length >= length || alphabet === undefined) {
    throw invalid(
      'pattern is not valid',
      'Send a prefix of at most 32 and a length of 16 to 512 visible ASCII characters; alphabet lists those after the prefix',
    )
  }
  return { prefix, length, alphabet }
}
