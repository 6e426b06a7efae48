import { expect, test } from 'vitest'
import { type GuardName, guards } from './guards.ts'
import { withoutGuard } from './without-guard.ts'

test.for(Object.keys(guards) as GuardName[])('the guard "%s" stands where its row says', (name) => {
  expect(withoutGuard(name)).toMatch(/src$/)
})
