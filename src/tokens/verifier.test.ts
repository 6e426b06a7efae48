import { describe, expect, it } from 'vitest'
import { Fault } from '../kernel/fault.ts'
import { Secret } from '../kernel/secret.ts'
import { tokenHash } from './digest.ts'
import { formatKey, parseKey, taggedPart } from './key-format.ts'
import { createPepperRing, newPepperSecret, recognitionKeys } from './peppers.ts'
import { readVerifier, writeVerifier } from './verifier.ts'

const peppers = [1, 2].map((generation) => ({ generation, secret: newPepperSecret() }))
const ring = createPepperRing(peppers)
const verifier = writeVerifier(peppers.map(recognitionKeys))

describe('a verifier', () => {
  it('recognises keys of every generation and names them as they stand at rest', () => {
    const recognition = readVerifier(verifier)
    for (const { generation } of peppers) {
      const tagged = taggedPart('gh_svc', 'abcdefghijkl', 'x'.repeat(32))
      const token = formatKey(tagged, ring.tag(generation, tagged))
      const parsed = parseKey(token)
      expect(parsed && recognition.verifyTag(parsed)).toBe(generation)
      expect(recognition.digest(generation, tokenHash(token))).toBe(ring.digest(generation, tokenHash(token)))
    }
    expect(recognition.first).toBe(ring.first)
  })

  it('holds no pepper and nothing from which secrets are derived', () => {
    expect(Object.keys(readVerifier(verifier)).sort()).toEqual(['digest', 'first', 'seal', 'verifyTag'])
    const text = Buffer.from(verifier.reveal().slice(5), 'base64url').toString()
    for (const { secret } of peppers) expect(text).not.toContain(Buffer.from(secret).toString('base64url'))
  })

  it.each(['', 'ghv1.', 'ghv1.bm9uZQ', 'ghv2.W10', 'ghv1.W10', 'ghv1.W1sxLCJhIiwiYiJdXQ'])('refuses %j', (text) => {
    expect(() => readVerifier(new Secret(text))).toThrow(Fault)
  })
})
