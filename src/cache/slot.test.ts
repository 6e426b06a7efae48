import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeSlot, encodeSlot, type SlotState, supersedes, tagOf } from './slot.ts'

const at = fc.record({ seq: fc.integer({ min: 0, max: 5 }), mark: fc.constantFrom('a', 'b') })
const payload = fc.string()
const written: fc.Arbitrary<SlotState> = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), at, payload }),
  fc.record({ kind: fc.constant('terminal' as const), at, payload }),
  fc.record({ kind: fc.constant('absent' as const), at, payload: fc.string() }),
)
const lease: fc.Arbitrary<SlotState> = fc.record({ kind: fc.constant('lease' as const), leaseId: fc.constant('n.1') })

const merge = (current: SlotState, next: SlotState) => (supersedes(next, current) ? next : current)
/** By which the order is told; equal ranks are equal truths. */
const rank = (state: SlotState) => (state.kind === 'lease' ? 'lease' : `${state.at.seq} ${state.kind}`)

describe('the merge law', () => {
  test('is idempotent: a replay changes nothing', () => {
    fc.assert(
      fc.property(written, (state) => {
        expect(merge(state, state)).toBe(state)
      }),
    )
  })

  test('is commutative and associative up to equal truths: no order of arrival matters', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (states, dice) => {
        const shuffled = [...states, ...states].sort(() => ((dice.next().value ?? 0) % 3) - 1)
        const fold = (all: readonly SlotState[]) => all.reduce(merge, { kind: 'lease', leaseId: 'n.1' })
        expect(rank(fold(shuffled))).toBe(rank(fold(states)))
      }),
    )
  })

  test('a lease gives way to everything, and replaces nothing', () => {
    fc.assert(
      fc.property(written, lease, (state, held) => {
        expect([merge(held, state), merge(state, held)]).toEqual([state, state])
      }),
    )
  })

  test('at one position the end of a key stands before its value, and a value before absence', () => {
    const here = { seq: 3, mark: 'a' }
    const terminal = { kind: 'terminal', at: here, payload: '' } as const
    const value = { kind: 'value', at: here, payload: 'v' } as const
    const absent = { kind: 'absent', at: here, payload: '' } as const
    expect([supersedes(terminal, value), supersedes(value, absent), supersedes(value, terminal)]).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('the form in which states travel', () => {
  test('every state is read as it was written, whatever its payload', () => {
    fc.assert(
      fc.property(fc.oneof(written, lease), (state) => {
        expect(decodeSlot(encodeSlot(state))).toEqual(state)
      }),
    )
  })

  test('a state begins with its tag, so that a compare needs no payload', () => {
    fc.assert(
      fc.property(written, (state) => {
        expect(encodeSlot(state).startsWith(tagOf(state))).toBe(true)
      }),
    )
  })

  test('what this version cannot read is a miss, never an error', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodeSlot(text)))
    for (const text of ['', '2V|1.a|x', '1V|1|x', '1X|1.a|', '1V|99999999999999999999.a|x'])
      expect(decodeSlot(text)).toBeUndefined()
  })
})
