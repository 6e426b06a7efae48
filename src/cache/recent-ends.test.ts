import { expect, test } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { RecentEnds } from './recent-ends.ts'

test('an end that was seen is remembered for one lease, and for that slot only', async () => {
  const clock = new VirtualClock()
  const ends = new RecentEnds(clock, 1000)
  ends.note('a')
  await clock.advance(999)
  expect([ends.has('a'), ends.has('b')]).toEqual([true, false])
  ends.note('b')
  await clock.advance(1)
  expect([ends.has('a'), ends.has('b')]).toEqual([false, true])
})
