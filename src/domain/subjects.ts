/**
 * The names under which the change log speaks of things. An entry in a cache hangs on one or more of them, and a change
 * names those that it touches. No other file spells them.
 */
export const keySubject = (keyId: string) => `key:${keyId}`
export const tenantSubject = (tenantId: string) => `tenant:${tenantId}`
export const appSubject = (appId: string) => `app:${appId}`

/** The registered patterns of foreign tokens. */
export const patternsSubject = 'patterns'

/** What a cached credential hangs on. */
export function subjectsOf(credential: {
  readonly keyId: string
  readonly tenantId: string | null
  readonly appId: string | null
}): readonly string[] {
  const subjects = [keySubject(credential.keyId)]
  if (credential.tenantId !== null) subjects.push(tenantSubject(credential.tenantId))
  if (credential.appId !== null) subjects.push(appSubject(credential.appId))
  return subjects
}
