import { expect, test } from 'vitest'
import type { SlotState } from '../cache/slot.ts'
import type { Clock } from '../kernel/clock.ts'
import { sharedTierSuite } from '../testing/shared-tier-suite.ts'
import { createMemoryTier } from './memory-tier.ts'

function movableClock() {
  let now = 0
  const clock: Clock = { mono: () => now, wall: () => now, after: () => () => {} }
  return {
    clock,
    move: (ms: number) => {
      now += ms
    },
  }
}

sharedTierSuite('memory tier', async () => {
  const { clock, move } = movableClock()
  const tier = createMemoryTier({ clock })
  return { tier, advance: async (ms) => move(ms), close: () => tier.close() }
})

const value: SlotState = { kind: 'value', at: { seq: 1, mark: 'a' }, payload: '' }

test('beyond its bound the entry written longest ago goes', async () => {
  const { clock } = movableClock()
  const tier = createMemoryTier({ clock, maxEntries: 3 })
  for (const slot of ['a', 'b', 'c']) await tier.merge(slot, value, 1000)
  await tier.swap('a', '1V|1.a|', value, 1000)
  await tier.merge('d', value, 1000)
  expect(tier.size).toBe(3)
  expect(await tier.readOrLease('a', 'one', 1000)).toMatchObject({ kind: 'state' })
  expect(await tier.readOrLease('c', 'one', 1000)).toMatchObject({ kind: 'state' })
  expect(await tier.readOrLease('b', 'one', 1000)).toEqual({ kind: 'leased' })
})

test('a hundred thousand slots that are never looked at again leave no more than what lives', async () => {
  const { clock, move } = movableClock()
  const tier = createMemoryTier({ clock, maxEntries: 2000 })
  for (let index = 0; index < 100_000; index++) {
    await tier.readOrLease(`slot-${index}`, 'one', 1000)
    move(1)
    expect(tier.size).toBeLessThanOrEqual(1001)
  }
})
