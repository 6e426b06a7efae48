import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { Glance } from './glance.ts'

function settable() {
  const now = { mono: 0.25, wall: 5_000 }
  const clock: Clock = { mono: () => now.mono, wall: () => now.wall, after: () => () => {} }
  return { now, glance: new Glance(clock) }
}

test('a glance is never too early, and late by less than two milliseconds', () => {
  const { now, glance } = settable()
  for (let step = 0; step < 10_000; step++) {
    now.mono += 0.17
    now.wall = 5_000 + Math.floor(now.mono)
    glance.look()
    expect(glance.mono).toBeGreaterThanOrEqual(now.mono)
    expect(glance.mono).toBeLessThan(now.mono + 2)
    expect(glance.wall).toBe(now.wall)
  }
})

test('a wall that steps, in either direction, is noticed at the next look', () => {
  const { now, glance } = settable()
  glance.look()
  for (const wall of [4_000, 305_000]) {
    now.mono += 700
    now.wall = wall
    glance.look()
    expect(glance.mono).toBe(Math.ceil(now.mono) + 1)
    expect(glance.wall).toBe(wall)
  }
})
