import { expect, test } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Lease } from './lease.ts'

function setUp() {
  const time = { nowMs: 0 }
  const clock = new VirtualClock({ time })
  return { time, clock, lease: new Lease({ clock, leaseMs: 1000, graceMs: 5000 }) }
}

test('nothing is live before the first beat', () => {
  const { lease } = setUp()
  expect([lease.isLive(), lease.isInGrace()]).toEqual([false, false])
})

test('the lease runs from the moment of sending, however late the answer came', () => {
  const { time, lease } = setUp()
  const sent = lease.stamp()
  time.nowMs = 900
  lease.renew(sent)
  expect(lease.isLive()).toBe(true)
  time.nowMs = 999
  expect(lease.isLive()).toBe(true)
  time.nowMs = 1000
  expect([lease.isLive(), lease.isInGrace()]).toEqual([false, true])
  time.nowMs = 6000
  expect(lease.isInGrace()).toBe(false)
})

test('an answer that was overtaken does not shorten the lease', () => {
  const { time, lease } = setUp()
  const first = lease.stamp()
  time.nowMs = 500
  lease.renew(lease.stamp())
  lease.renew(first)
  time.nowMs = 1400
  expect(lease.isLive()).toBe(true)
})

test('time in which the machine was suspended counts, be it ever so short', () => {
  const { time, clock, lease } = setUp()
  lease.renew(lease.stamp())
  time.nowMs = 100
  clock.suspend()
  time.nowMs = 150
  clock.resume()
  time.nowMs = 999
  expect(lease.isLive()).toBe(true)
  time.nowMs = 1000
  expect(clock.mono()).toBe(950)
  expect(lease.isLive()).toBe(false)
})

test('a wall that steps back does not lengthen the lease, nor hide a pause that follows', () => {
  const { time, clock, lease } = setUp()
  lease.renew(lease.stamp())
  clock.stepWall(-3_600_000)
  time.nowMs = 500
  expect(lease.isLive()).toBe(true)
  clock.suspend()
  time.nowMs = 1001
  clock.resume()
  expect(lease.isLive()).toBe(false)
})

test('a wall that steps forwards costs at most the lease until the next beat', () => {
  const { clock, lease } = setUp()
  lease.renew(lease.stamp())
  clock.stepWall(3_600_000)
  expect(lease.isLive()).toBe(false)
  lease.renew(lease.stamp())
  expect(lease.isLive()).toBe(true)
})

test('a dropped lease leaves no grace', () => {
  const { lease } = setUp()
  lease.renew(lease.stamp())
  lease.drop()
  expect([lease.isLive(), lease.isInGrace()]).toEqual([false, false])
})

test('a pause that was seen stays counted when the wall then steps back', () => {
  const { time, clock, lease } = setUp()
  lease.renew(lease.stamp())
  clock.suspend()
  time.nowMs = 1000
  clock.resume()
  expect(lease.isLive()).toBe(false)
  clock.stepWall(-3_600_000)
  expect(lease.isLive()).toBe(false)
})

test('the rounding of the wall adds nothing, however often somebody looks', () => {
  const { time, clock, lease } = setUp()
  lease.renew(lease.stamp())
  for (let looks = 0; looks < 10_000; looks++) {
    clock.stepWall(looks % 2 === 0 ? -1 : 1)
    lease.isLive()
  }
  time.nowMs = 990
  expect(lease.isLive()).toBe(true)
})
