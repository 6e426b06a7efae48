import { looksNative } from './key-format.ts'

/**
 * Tokens that Gatehouse did not make are looked up only if an import has registered their form: a prefix, a length, and
 * the characters that follow the prefix.
 */
export interface TokenForm {
  readonly prefix: string
  readonly length: number
  /** Sorted, each character once. */
  readonly alphabet: string
}

const digits = '0123456789'
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const lower = 'abcdefghijklmnopqrstuvwxyz'
export const visibleAscii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')

/** A form takes the first of these that holds all its characters: exact sets would make a form of nearly every key. */
const alphabets = [
  digits,
  `${digits}abcdef`,
  digits + lower,
  digits + upper,
  digits + upper + lower,
  `-${digits}${upper}_${lower}`,
  visibleAscii,
] as const

/** What may be imported at all: 16 to 512 visible ASCII characters that are not in Gatehouse's own format. */
export function mayBeForeign(token: string): boolean {
  return token.length >= 16 && token.length <= 512 && /^[!-~]+$/.test(token) && !looksNative(token)
}

/**
 * The form of a token that `mayBeForeign`. A first label of at most eight letters or digits that ends in `-` or `_`
 * (`app-`, `sk_`) is its prefix.
 */
export function formOf(token: string): TokenForm {
  const prefix = /^[A-Za-z][A-Za-z0-9]{0,7}[-_]/.exec(token)?.[0] ?? ''
  return { prefix, length: token.length, alphabet: alphabetOf(token.slice(prefix.length)) }
}

function alphabetOf(text: string): string {
  for (const alphabet of alphabets) {
    if (consistsOf(text, alphabet)) return alphabet
  }
  return visibleAscii
}

function consistsOf(text: string, alphabet: string): boolean {
  for (const character of text) if (!alphabet.includes(character)) return false
  return true
}

/** Sorted and without repeats; `undefined` if it holds anything but visible ASCII. */
export function readAlphabet(text: string): string | undefined {
  return /^[!-~]{1,512}$/.test(text) ? [...new Set(text)].sort().join('') : undefined
}

/** The forms, ready to be asked on every look-up of a token that is not ours. */
export interface ForeignForms {
  fits(token: string): boolean
}

export function compileForms(forms: readonly TokenForm[]): ForeignForms {
  const byLength = Map.groupBy(forms.map(compile), (form) => form.length)
  return {
    fits(token) {
      const candidates = byLength.get(token.length)
      return candidates?.some((form) => fitsOne(form, token)) === true && !looksNative(token)
    },
  }
}

interface CompiledForm {
  readonly prefix: string
  readonly length: number
  readonly allowed: Uint8Array
}

function compile({ prefix, length, alphabet }: TokenForm): CompiledForm {
  const allowed = new Uint8Array(128)
  for (const character of alphabet) allowed[character.charCodeAt(0)] = 1
  return { prefix, length, allowed }
}

function fitsOne({ prefix, allowed }: CompiledForm, token: string): boolean {
  if (!token.startsWith(prefix)) return false
  for (let i = prefix.length; i < token.length; i++) {
    if (allowed[token.charCodeAt(i)] !== 1) return false
  }
  return true
}
