import { addressAllowed } from './address.ts'
import type { KeyKind } from './api-key.ts'
import type { Credential } from './credential.ts'
import { permissionGranted } from './scope.ts'
import type { VerdictCode } from './verdict.ts'

/** What the place that is protected asks for; nothing asked allows every key that is good. */
export interface Demand {
  readonly scope?: string | undefined
  readonly permissions?: readonly string[] | undefined
  /** The address of the one who calls, for keys with an address list. */
  readonly ip?: string | undefined
}

type Refuses = (credential: Credential, demand: Demand, nowMs: number) => boolean

/**
 * Why a key that is known may be refused, and in which order the reasons count: first what is for good, then what time
 * brought, then what its owner's state is, last what this one call asks for.
 */
const refusals: readonly (readonly [VerdictCode, Refuses])[] = [
  ['REVOKED', (key) => key.keyState === 'revoked'],
  ['ROTATED_OUT', (key, _, nowMs) => key.graceEndsAtMs !== null && key.graceEndsAtMs <= nowMs],
  ['DISABLED', (key) => key.keyState !== 'active'],
  ['EXPIRED', (key, _, nowMs) => key.expiresAtMs !== null && key.expiresAtMs <= nowMs],
  ['TENANT_SUSPENDED', (key) => key.tenantId !== null && key.tenantState !== 'active'],
  ['APP_DISABLED', (key) => key.appId !== null && key.appState !== 'active'],
  ['IP_NOT_ALLOWED', (key, demand) => !addressAllowed(key.allowedCidrs, demand.ip)],
  ['FORBIDDEN', (key, demand) => demand.scope !== undefined && !hasScope(key, demand.scope)],
  ['INSUFFICIENT_PERMISSIONS', (key, demand) => !hasPermissions(key, demand.permissions)],
]

/** Judges a credential that was found. An instant that is reached is over: a key that expires now has expired. */
export function judge(credential: Credential, demand: Demand, nowMs: number): VerdictCode {
  for (const [code, refuses] of refusals) {
    if (refuses(credential, demand, nowMs)) return code
  }
  return 'VALID'
}

/**
 * Whether this key is good at any time and from any address, as most are. Worked out once for each cached entry, it
 * leaves only `hasScope` to ask of a call that demands no permissions.
 */
export function isPlain(credential: Credential): boolean {
  return (
    credential.expiresAtMs === null &&
    credential.graceEndsAtMs === null &&
    credential.allowedCidrs.length === 0 &&
    judge(credential, {}, 0) === 'VALID'
  )
}

/** A key has the scope that is named as its kind without having it written down. */
export function hasScope(key: { readonly kind: KeyKind; readonly scopes: readonly string[] }, scope: string): boolean {
  return key.kind === scope || key.scopes.includes(scope)
}

function hasPermissions(key: Credential, wanted: readonly string[] | undefined): boolean {
  return wanted === undefined || wanted.every((permission) => permissionGranted(key.permissions, permission))
}
