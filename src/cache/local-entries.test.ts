import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { LocalEntries } from './local-entries.ts'

function entry(slot: string, used = false): Entry<string> {
  const times = { readMono: 0, freshUntil: 1, refreshFrom: 1 }
  return { slot, value: slot, subjects: [], terminal: false, seq: 1, ...times, revision: 0, used }
}

test.each([1, 2, 3, 10])('never more than %i entries, used or not', (limit) => {
  const entries = new LocalEntries<string>(limit)
  for (let index = 0; index < 50; index++) {
    entries.set(`k${index}`, entry(`k${index}`, true))
    expect(entries.size).toBeLessThanOrEqual(limit)
    expect(entries.get(`k${index}`)).toBeDefined()
  }
})

test('an entry that was used since the hand passed is spared, one that was not goes', () => {
  const entries = new LocalEntries<string>(3)
  const hot = entry('hot')
  entries.set('hot', hot)
  for (let index = 0; index < 20; index++) {
    hot.used = true
    entries.set(`cold${index}`, entry(`cold${index}`))
  }
  expect(entries.get('hot')).toBe(hot)
})

test('a key that is set again takes no second place', () => {
  const entries = new LocalEntries<string>(2)
  entries.set('a', entry('a'))
  entries.set('b', entry('b'))
  entries.set('a', entry('a2'))
  expect([entries.size, entries.get('a')?.slot, entries.get('b')?.slot]).toEqual([2, 'a2', 'b'])
})

test('after everything was forgotten the hand starts anew', () => {
  const entries = new LocalEntries<string>(2)
  for (const key of ['a', 'b', 'c']) entries.set(key, entry(key))
  entries.clear()
  for (const key of ['d', 'e', 'f']) entries.set(key, entry(key))
  expect(entries.size).toBe(2)
})
