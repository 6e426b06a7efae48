import type { Problem } from './address.ts'

/**
 * Scopes say which realm a key opens and are compared as a whole. Permissions say what may be done there; one that is
 * granted may end in `.*` (`files.*` covers `files.read` and `files.read.own`, not `files`), or be `*` for all.
 */

const token = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/
const most = 100

/** The characters of a scope-token in RFC 6749, appendix A.4; 128 at most, 100 in a list, none twice. */
export function scopesProblem(member: 'scopes' | 'permissions', values: readonly string[]): Problem | undefined {
  if (values.length > most) return { problem: `${member} has ${values.length} entries`, fix: `Give at most ${most}` }
  for (const value of values) {
    if (!token.test(value)) {
      return {
        problem: `${member} holds an entry that is not valid`,
        fix: 'Use 1 to 128 visible ASCII characters without space, " and \\ for each entry',
      }
    }
  }
  if (new Set(values).size !== values.length)
    return { problem: `${member} holds an entry twice`, fix: 'Give each entry once' }
  return undefined
}

export function permissionGranted(granted: readonly string[], wanted: string): boolean {
  return granted.some((grant) => covers(grant, wanted))
}

function covers(grant: string, wanted: string): boolean {
  if (grant === wanted || grant === '*') return true
  return grant.endsWith('.*') && wanted.startsWith(grant.slice(0, -1)) && wanted.length > grant.length - 1
}
