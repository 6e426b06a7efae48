import { createHash, createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTokenHash, restDigest, tokenHash } from './digest.ts'

describe('digests', () => {
  it('are those of SHA-256 and HMAC-SHA-256, byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (token, pepper) => {
        const sha256 = createHash('sha256').update(token).digest()
        expect(Buffer.from(tokenHash(token), 'latin1')).toEqual(sha256)
        expect(restDigest(createSecretKey(pepper), tokenHash(token))).toBe(
          createHmac('sha256', pepper).update(sha256).digest('base64url'),
        )
      }),
    )
  })

  it('are read from outside in hex and base64url, and in no second spelling', () => {
    const sha256 = createHash('sha256').update('token').digest()
    const base64url = sha256.toString('base64url')
    expect(readTokenHash(sha256.toString('hex'))).toBe(tokenHash('token'))
    expect(readTokenHash(sha256.toString('hex').toUpperCase())).toBe(tokenHash('token'))
    expect(readTokenHash(base64url)).toBe(tokenHash('token'))
    const last = String.fromCharCode(base64url.charCodeAt(42) + 1)
    for (const text of ['', base64url + last, base64url.slice(0, 42) + last, `${base64url}=`, 'zz'.repeat(32)]) {
      expect(readTokenHash(text)).toBeUndefined()
    }
  })
})
