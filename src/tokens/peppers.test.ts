import { describe, expect, it } from 'vitest'
import { tokenHash } from './digest.ts'
import { createPepperRing } from './peppers.ts'

const pepper = (generation: number) => ({ generation, secret: new Uint8Array(32).fill(generation) })

describe('the pepper ring', () => {
  it('keeps the keys of old generations and of no other deployment', () => {
    const old = createPepperRing([pepper(1)])
    const both = createPepperRing([pepper(2), pepper(1)])
    const key = { tagged: 'gh_app_x', tag: old.tag(1, 'gh_app_x') }
    expect(both.verifyTag(key)).toBe(1)
    expect(both.newest).toBe(2)
    expect(both.first).toBe(1)
    expect(createPepperRing([pepper(2)]).verifyTag(key)).toBeUndefined()
  })

  it('refuses tags of any other length', () => {
    const ring = createPepperRing([pepper(1)])
    for (const tag of ['', 'a', 'ä'.repeat(6), 'a'.repeat(600)]) {
      expect(ring.verifyTag({ tagged: 'x', tag })).toBeUndefined()
    }
  })

  it('derives the same secret again, and another for any other key, seed or generation', () => {
    const ring = createPepperRing([pepper(1), pepper(2)])
    const secrets = [
      ring.deriveSecret(1, 'key1', 'seed'),
      ring.deriveSecret(1, 'key2', 'seed'),
      ring.deriveSecret(1, 'key1', 'seed2'),
      ring.deriveSecret(2, 'key1', 'seed'),
    ]
    for (const secret of secrets) expect(secret).toMatch(/^[0-9A-Za-z]{32}$/)
    expect(new Set(secrets).size).toBe(4)
    expect(createPepperRing([pepper(1)]).deriveSecret(1, 'key1', 'seed')).toBe(secrets[0])
  })

  it('names a token at rest differently under each generation', () => {
    const ring = createPepperRing([pepper(1), pepper(2)])
    const hash = tokenHash('token')
    expect(ring.digest(1, hash)).toMatch(/^[\w-]{43}$/)
    expect(ring.digest(1, hash)).not.toBe(ring.digest(2, hash))
  })

  it('says what is wrong with peppers that cannot be used', () => {
    expect(() => createPepperRing([])).toThrow('at least one')
    expect(() => createPepperRing([pepper(1), pepper(1)])).toThrow('same generation')
    expect(() => createPepperRing([{ generation: 1, secret: new Uint8Array(31) }])).toThrow('32 bytes')
    expect(() => createPepperRing([pepper(1)]).tag(2, 'x')).toThrow('no pepper of generation 2')
  })
})
