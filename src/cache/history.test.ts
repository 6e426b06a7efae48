import { expect, test } from 'vitest'
import { History } from './history.ts'

test('a number alone places nothing: the mark must be that of this history', () => {
  const history = new History()
  history.restart([{ seq: 4, mark: 'd' }], { seq: 5, mark: 'e' })
  expect(history.place({ seq: 4, mark: 'd' })).toBe('mine')
  expect(history.place({ seq: 5, mark: 'e' })).toBe('mine')
  expect(history.place({ seq: 5, mark: 'lost' })).toBe('unknown')
  expect(history.place({ seq: 3, mark: 'c' })).toBe('unknown')
  expect(history.place({ seq: 6, mark: 'f' })).toBe('ahead')
})

test('everything lies ahead of a node that has loaded nothing', () => {
  expect(new History().place({ seq: 0, mark: 'a' })).toBe('ahead')
})

test('a restart forgets the history that was lost', () => {
  const history = new History()
  history.append({ seq: 8, mark: 'lost' })
  history.restart([], { seq: 9, mark: 'new' })
  expect(history.place({ seq: 8, mark: 'lost' })).toBe('unknown')
})

test('beyond its limit the oldest positions can no longer be told, and are not believed', () => {
  const history = new History(2)
  for (const [seq, mark] of ['a', 'b', 'c'].entries()) history.append({ seq, mark })
  expect(history.place({ seq: 0, mark: 'a' })).toBe('unknown')
  expect(history.place({ seq: 1, mark: 'b' })).toBe('mine')
})
