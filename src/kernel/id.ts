import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `length` characters of base62 with `log2(62) = 5.95` bits each, without modulo bias. */
export function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62]
    }
  }
  return text
}

/** An opaque id such as `ten_4fGh…`: the prefix says what it names. 16 random characters, 95 bits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBase62(16)}`
}
