import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyKinds } from '../domain/api-key.ts'
import { randomBase62 } from '../kernel/id.ts'
import { formatKey, keyPattern, keyPrefix, looksNative, parseKey, taggedPart } from './key-format.ts'
import { createPepperRing } from './peppers.ts'

const ring = createPepperRing([
  { generation: 1, secret: new Uint8Array(32).fill(1) },
  { generation: 2, secret: new Uint8Array(32).fill(2) },
])

const tenantPrefix = fc.option(fc.stringMatching(/^[a-z0-9_]{2,24}$/), { nil: null })
const base62 = (length: number) => fc.stringMatching(new RegExp(`^[0-9A-Za-z]{${length}}$`))
const keys = fc
  .tuple(fc.constantFrom(...keyKinds), tenantPrefix, base62(12), base62(32), fc.constantFrom(1, 2))
  .map(([kind, own, id, secret, generation]) => {
    const prefix = keyPrefix(kind, own)
    const tagged = taggedPart(prefix, id, secret)
    return { prefix, id, secret, generation, token: formatKey(tagged, ring.tag(generation, tagged)) }
  })

describe('the key format', () => {
  it('reads back every key it writes, underscores in the prefix and all', () => {
    fc.assert(
      fc.property(keys, ({ prefix, id, secret, generation, token }) => {
        const parsed = parseKey(token)
        expect(parsed).toMatchObject({ prefix, id, secret })
        expect(parsed && ring.verifyTag(parsed)).toBe(generation)
      }),
    )
  })

  it('is found by the published expression, alone and within a text', () => {
    const scanner = new RegExp(keyPattern, 'g')
    fc.assert(
      fc.property(keys, ({ token }) => {
        expect(`{"key": "${token}"}, ${token}.`.match(scanner)).toEqual([token, token])
      }),
    )
  })

  it.each([
    '',
    'gh_app_',
    `gh_app_${'x'.repeat(55)}`,
    `gh_app_${'x'.repeat(57)}`,
    `gh_other_${'x'.repeat(56)}`,
    `GH_app_${'x'.repeat(56)}`,
    `g_app_${'x'.repeat(56)}`,
    `${'g'.repeat(25)}_app_${'x'.repeat(56)}`,
    `gh_app_${'x'.repeat(55)}-`,
    `gh_app_${'x'.repeat(56)}\n`,
    `app-${'x'.repeat(24)}`,
  ])('does not take %j for its own', (token) => {
    expect(looksNative(token)).toBe(false)
    expect(parseKey(token)).toBeUndefined()
  })

  it('notices any one character that was changed', () => {
    fc.assert(
      fc.property(keys, fc.nat(), base62(1), ({ token }, place, other) => {
        const at = token.length - 1 - (place % 56)
        fc.pre(token[at] !== other)
        expect(parseKey(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined()
      }),
    )
  })

  it('refuses every key whose parts were put together without the pepper, though its checksum is right', () => {
    fc.assert(
      fc.property(keys, base62(6), ({ prefix, id, secret, token }, tag) => {
        fc.pre(parseKey(token)?.tag !== tag)
        const parsed = parseKey(formatKey(taggedPart(prefix, id, secret), tag))
        expect(parsed).toBeDefined()
        expect(parsed && ring.verifyTag(parsed)).toBeUndefined()
      }),
    )
  })

  it('refuses the tag of a key under another prefix, id or secret', () => {
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        const tag = parseKey(one.token)?.tag ?? ''
        const mixes = [
          taggedPart(other.prefix, one.id, one.secret),
          taggedPart(one.prefix, other.id, one.secret),
          taggedPart(one.prefix, one.id, other.secret),
        ]
        for (const tagged of mixes) {
          if (tagged === taggedPart(one.prefix, one.id, one.secret)) continue
          const parsed = parseKey(formatKey(tagged, tag))
          expect(parsed && ring.verifyTag(parsed)).toBeUndefined()
        }
      }),
    )
  })

  it('takes no longer for a hostile text than its length', () => {
    const hostile = `${'_app'.repeat(100_000)}_`
    const started = performance.now()
    for (let i = 0; i < 50; i++) looksNative(hostile)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('gives random parts their full length', () => {
    expect(randomBase62(32)).toMatch(/^[0-9A-Za-z]{32}$/)
  })
})
