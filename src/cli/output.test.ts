import { expect, test } from 'vitest'
import { printable } from './printable.ts'
import { readableTime } from './readable-time.ts'
import { renderTable } from './table.ts'

test('what would steer the terminal is shown, and not obeyed', () => {
  expect(printable('a\u001B[2Jb\u202Ec\nd')).toBe('a\\u{1b}[2Jb\\u{202e}c\\u{a}d')
  expect(printable('Größe 東京')).toBe('Größe 東京')
})

test('columns are as wide as what they hold, letters of two columns counted as two', () => {
  const rows = [
    ['東京', 'a'],
    ['x', 'b'],
  ]
  expect(renderTable(['n', 'm'], rows)).toBe('N     M\n東京  a\nx     b')
})

test('where the terminal is narrow the widest column is cut, and no line is longer', () => {
  const rows = [['1234567890'.repeat(5), 'kept']]
  const table = renderTable(['long', 'short'], rows, { width: 20 })
  for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(20)
  expect(table).toMatch(/…\s+kept$/)
})

test.each([
  [0, 'now'],
  [-12_000, '12s ago'],
  [3 * 3_600_000, 'in 3 h'],
  [30 * 86_400_000 - 1, 'in 30 d'],
  [-400 * 86_400_000, '2025-10-16 00:00 UTC'],
])('%i ms from now is said as %s', (distance, said) => {
  const now = Date.UTC(2026, 10, 20)
  expect(readableTime(now + distance, now)).toBe(said)
})
