import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sealed, signed, unsealed, verified } from './seal.ts'

const seal = (text: string) => createHmac('sha256', 'k').update(text).digest('base64url').slice(0, 22)
const at = { seq: 7, mark: 'abcdefgh' }
const value = { kind: 'value', at, payload: '[1,"a"]' } as const

test('what a node has sealed opens again, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string(), (payload) => {
      expect(unsealed(seal, 'slot', sealed(seal, 'slot', { ...value, payload }))).toBe(payload)
    }),
  )
})

test('what was true of one slot, position or kind is said of no other', () => {
  const state = sealed(seal, 'slot', value)
  expect(unsealed(seal, 'other', state)).toBeUndefined()
  expect(unsealed(seal, 'slot', { ...state, at: { ...at, seq: 8 } })).toBeUndefined()
  expect(unsealed(seal, 'slot', { ...state, at: { ...at, mark: 'hgfedcba' } })).toBeUndefined()
  expect(unsealed(seal, 'slot', { ...state, kind: 'absent' })).toBeUndefined()
})

test.each(['', '.', '.[1,"a"]', '[1,"a"]', 'x.[1,"a"]', `${'A'.repeat(22)}.[1,"a"]`])('%j opens nothing', (payload) => {
  expect(unsealed(seal, 'slot', { ...value, payload })).toBeUndefined()
})

test('a message that no node has signed was not heard', () => {
  expect(verified(seal, signed(seal, 'a 7.abcdefgh n1'))).toBe('a 7.abcdefgh n1')
  for (const text of ['', 'a 7.abcdefgh n1', signed(seal, 'a 7.abcdefgh n1').replace('n1', 'n2')]) {
    expect(verified(seal, text)).toBeUndefined()
  }
})
