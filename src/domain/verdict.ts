import type { Principal } from './principal.ts'

/** Every outcome of a check, and the status it becomes in front of an API (`/authz`, the middlewares). */
export const verdictStatus = {
  VALID: 200,
  NOT_FOUND: 401,
  MALFORMED: 401,
  DISABLED: 401,
  REVOKED: 401,
  EXPIRED: 401,
  ROTATED_OUT: 401,
  FORBIDDEN: 403,
  INSUFFICIENT_PERMISSIONS: 403,
  IP_NOT_ALLOWED: 403,
  TENANT_SUSPENDED: 403,
  APP_DISABLED: 403,
  RATE_LIMITED: 429,
  USAGE_EXCEEDED: 429,
  UNAVAILABLE: 503,
} as const

export type VerdictCode = keyof typeof verdictStatus
export type RefusalReason = Exclude<VerdictCode, 'VALID'>

/** Where the answer came from; `none` when no tier was asked (shape, checksum, tag). */
export type Tier = 'L1' | 'L2' | 'L3' | 'none'

/** What the verdict rests on. */
export interface Certificate {
  readonly tier: Tier
  /** The log position at which SQL was read; 0 when nothing was read. */
  readonly version: number
  /** How old the SQL read is at most, in ms. */
  readonly ageMs: number
  /** True when a declared degradation, not the protocol, let this verdict stand. */
  readonly degraded: boolean
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly principal: Principal; readonly certificate: Certificate }
  | {
      readonly kind: 'refused'
      readonly reason: RefusalReason
      /** Known when the credential was recognised but may not do this. */
      readonly principal: Principal | null
      readonly certificate: Certificate
    }
