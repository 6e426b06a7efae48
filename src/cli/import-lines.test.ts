import { expect, test } from 'vitest'
import { parseCsv } from './csv.ts'
import { readImport } from './import-lines.ts'

test('CSV with quotes, line breaks in fields, a byte order mark and both kinds of line ends', () => {
  expect(parseCsv('\uFEFFa,b\r\n"x, ""y""","1\n2"\n\nlast,')).toEqual([
    ['a', 'b'],
    ['x, "y"', '1\n2'],
    ['last', ''],
  ])
  expect(() => parseCsv('a\n"open')).toThrow(/quotes do not match/)
})

test('what the file names comes before what the command line names', () => {
  const csv = 'key,name,kind,scopes\napp-0123456789abcdef,old,dataset,a b\napp-fedcba9876543210,,,'
  expect(readImport(csv, { kind: 'app', tenantId: 't' })).toEqual([
    { key: 'app-0123456789abcdef', name: 'old', kind: 'dataset', scopes: ['a', 'b'], tenantId: 't' },
    { key: 'app-fedcba9876543210', name: 'imported 2', kind: 'app', tenantId: 't' },
  ])
  expect(readImport('{"key":"k","kind":"app"}\n\n{"sha256":"00"}', {})).toMatchObject([{ key: 'k' }, { sha256: '00' }])
})

test.each(['{"key":"geheim', 'geheim\nx', 'key,kye\ngeheim,x', '{}\n"geheim"'])(
  'a file that cannot be read is refused without its keys: %j',
  (text) => {
    expect(() => readImport(text, {})).toThrow(/^(?!.*geheim).*cannot be read/)
  },
)
