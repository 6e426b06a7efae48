import { isRealm } from '../gateway/protection.ts'
import type { FaultOptions } from '../kernel/fault.ts'

/** What the address of a forward-auth check asks for. */
export type AskedByQuery =
  | {
      readonly kind: 'asked'
      readonly scope: string | undefined
      readonly permissions: readonly string[] | undefined
      readonly realm: string | undefined
    }
  | {
      readonly kind: 'invalid'
      readonly words: Pick<FaultOptions, 'public' | 'fix'>
      readonly scope?: undefined
      readonly realm?: undefined
    }

const nothing: AskedByQuery = { kind: 'asked', scope: undefined, permissions: undefined, realm: undefined }
/** Proxies ask with the few addresses that stand in their configuration. */
const remembered = 256
const longestRemembered = 1024

/** Reads `?scope=&permission=&realm=`. Other members are not looked at: proxies add their own, and a key is not taken from here. */
export function createAskReader(): (url: string) => AskedByQuery {
  const known = new Map<string, AskedByQuery>()
  return (url) => {
    const mark = url.indexOf('?')
    if (mark < 0 || mark === url.length - 1) return nothing
    const query = url.slice(mark + 1)
    const before = known.get(query)
    if (before !== undefined) return before
    const asked = read(query)
    if (known.size >= remembered) known.clear()
    if (query.length <= longestRemembered) known.set(query, asked)
    return asked
  }
}

const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/
const mostPermissions = 100

function read(query: string): AskedByQuery {
  const members = new URLSearchParams(query)
  const scopes = members.getAll('scope')
  const permissions = members.getAll('permission')
  const realms = members.getAll('realm')
  const [scope] = scopes
  const [realm] = realms
  if (scopes.length > 1) return invalid('scope is given more than once', 'Give one scope; permission may be repeated')
  if (realms.length > 1) return invalid('realm is given more than once', 'Give one realm')
  if (scope !== undefined && !scopeForm.test(scope)) return invalid('scope is not valid', tokenFix)
  if (permissions.length > mostPermissions) {
    return invalid(`permission is given ${permissions.length} times`, `Give it at most ${mostPermissions} times`)
  }
  if (!permissions.every((permission) => scopeForm.test(permission)))
    return invalid('permission is not valid', tokenFix)
  if (realm !== undefined && !isRealm(realm)) {
    return invalid('realm is not valid', 'Use 1 to 128 visible ASCII characters or spaces, without " and \\')
  }
  return { kind: 'asked', scope, permissions: permissions.length === 0 ? undefined : permissions, realm }
}

const tokenFix = 'Use 1 to 128 visible ASCII characters without space, " and \\'

function invalid(sentence: string, fix: string): AskedByQuery {
  return { kind: 'invalid', words: { public: sentence, fix } }
}
