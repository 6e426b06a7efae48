import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileForms, formOf, mayBeForeign, readAlphabet } from './foreign.ts'

const native = `gh_app_${'x'.repeat(56)}`

describe('foreign tokens', () => {
  it('are 16 to 512 visible ASCII characters that are not in the own format', () => {
    expect(mayBeForeign('app-0123456789abcdef')).toBe(true)
    expect(mayBeForeign('x'.repeat(16))).toBe(true)
    expect(mayBeForeign('x'.repeat(512))).toBe(true)
    for (const token of ['x'.repeat(15), 'x'.repeat(513), `${'x'.repeat(16)} `, `${'x'.repeat(16)}ä`, native]) {
      expect(mayBeForeign(token)).toBe(false)
    }
  })

  it('fit the form that was made of them', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{16,512}$/), (token) => {
        fc.pre(mayBeForeign(token))
        expect(compileForms([formOf(token)]).fits(token)).toBe(true)
      }),
    )
  })

  it('of one kind share one form', () => {
    expect(formOf('app-a8Kd0sLm2PqR4tVw6xYz1B3c')).toEqual(formOf('app-Zy9Xw8Vu7Ts6Rq5Po4Nm3Lk2'))
    expect(formOf('sk-proj-a8Kd0sLm2_qR4tVw6xYz')).toMatchObject({ prefix: 'sk-', length: 28 })
  })

  it('fit no form with another prefix, length or alphabet', () => {
    const forms = compileForms([{ prefix: 'app-', length: 20, alphabet: '0123456789abcdef' }])
    expect(forms.fits('app-0123456789abcdef')).toBe(true)
    for (const token of [
      'apx-0123456789abcdef',
      'app-0123456789abcde',
      'app-0123456789abcdeg',
      'app-0123456789abcdé',
    ]) {
      expect(forms.fits(token)).toBe(false)
    }
  })

  it('are never what has the own format, whatever forms there are', () => {
    const forms = compileForms([
      formOf('z'.repeat(native.length)),
      { prefix: 'gh_', length: native.length, alphabet: 'xap_' },
    ])
    expect(forms.fits(native)).toBe(false)
  })

  it('take an alphabet of visible ASCII only', () => {
    expect(readAlphabet('cab')).toBe('abc')
    expect(readAlphabet('aab')).toBe('ab')
    for (const text of ['', ' ', 'ä', '\0']) expect(readAlphabet(text)).toBeUndefined()
  })
})
