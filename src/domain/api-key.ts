/** What a key opens: an app's service API, a dataset API, any service behind forward auth, Gatehouse's own admin API. */
export const keyKinds = ['app', 'dataset', 'service', 'admin'] as const
export type KeyKind = (typeof keyKinds)[number]

/** `revoked` is for good; `disabled` can be undone. */
export type KeyState = 'active' | 'disabled' | 'revoked'

export interface ApiKey {
  /** 12 base62 characters, public: the key's name in logs and lists. */
  readonly id: string
  readonly kind: KeyKind
  /** `null` only for admin keys that rule over all tenants. */
  readonly tenantId: string | null
  readonly appId: string | null
  readonly name: string
  /** The prefix of the clear key, such as `gh_app`; of an imported key its first characters. */
  readonly prefix: string
  readonly lastFour: string
  readonly state: KeyState
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
  /** Addresses that may use the key, in CIDR form; empty means any. */
  readonly allowedCidrs: readonly string[]
  readonly environment: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
  readonly rotatedAtMs: number | null
  /** Until when the secret before the last rotation still works. */
  readonly previousValidUntilMs: number | null
  readonly lastUsedAtMs: number | null
}
