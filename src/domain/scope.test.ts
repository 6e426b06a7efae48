import { describe, expect, it } from 'vitest'
import { permissionGranted, scopesProblem } from './scope.ts'

describe('scopesProblem', () => {
  it('takes scope-tokens of RFC 6749', () => {
    expect(scopesProblem('scopes', ['app', 'orders:read', 'https://example.org/x', '!#[]~'])).toBeUndefined()
  })

  it.each(['', 'a b', 'a"b', 'a\\b', 'ä', 'a\nb', 'a\0', 'x'.repeat(129)])('refuses %j', (scope) => {
    expect(scopesProblem('scopes', [scope])?.fix).toContain('visible ASCII')
  })

  it('refuses repeats and lists that are too long', () => {
    expect(scopesProblem('permissions', ['a', 'a'])?.problem).toBe('permissions holds an entry twice')
    expect(
      scopesProblem(
        'scopes',
        Array.from({ length: 101 }, (_, i) => `s${i}`),
      )?.fix,
    ).toBe('Give at most 100')
  })
})

describe('permissionGranted', () => {
  it.each([
    [['files.read'], 'files.read', true],
    [['files.read'], 'files.reads', false],
    [['files.*'], 'files.read', true],
    [['files.*'], 'files.read.own', true],
    [['files.*'], 'files', false],
    [['files.*'], 'files.', false],
    [['files.*'], 'filesx.read', false],
    [['*'], 'anything', true],
    [['f*'], 'files', false],
    [[], 'files', false],
  ])('%j for %s: %s', (granted, wanted, answer) => expect(permissionGranted(granted, wanted)).toBe(answer))
})
