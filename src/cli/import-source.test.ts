import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../../test/servers/scratch.ts'
import { readSource } from './import-source.ts'

function file(content: string): string {
  const path = join(scratchDirectory('import-source'), 'keys.csv')
  writeFileSync(path, content)
  return path
}

test('a file is read as it is, across the pieces in which it comes', () => {
  const text = `key,name\n${'app-0123456789abcdef,ä ä ä\r\n'.repeat(10_000)}last`
  expect(readSource(file(text))).toBe(text)
  expect(readSource(file(''))).toBe('')
  const longest = 'x'.repeat(64 * 1024)
  expect(readSource(file(`${longest}\n${longest}`))).toHaveLength(2 * longest.length + 1)
})

test('a line without an end is refused by its number, before it fills the memory', () => {
  const long = 'x'.repeat(64 * 1024 + 1)
  expect(() => readSource(file(`key\nshort\n${long}\nshort`))).toThrow(/line 3 is longer than 64 KiB/)
  expect(() => readSource('/dev/zero')).toThrow(/line 1 is longer than 64 KiB/)
  expect(() => readSource('/dev/urandom')).toThrow(/larger than 256 MiB/)
})

test('what cannot be read is said by its name', () => {
  for (const path of ['/gone/keys.csv', '/']) expect(() => readSource(path)).toThrow(`${path} cannot be read`)
})
