import type { KeyKind, KeyState } from './api-key.ts'
import type { AppState } from './app.ts'
import type { TenantState } from './tenant.ts'

/** All that a check needs to know of a key, read by one query and cached in this form; nothing secret stands in it. */
export interface Credential {
  readonly keyId: string
  readonly kind: KeyKind
  readonly keyState: KeyState
  readonly tenantId: string | null
  readonly tenantState: TenantState | null
  readonly appId: string | null
  readonly appState: AppState | null
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
  readonly allowedCidrs: readonly string[]
  readonly environment: string | null
  readonly expiresAtMs: number | null
  /** For the half of a rotation that goes: when its grace ends. `null` for the current secret. */
  readonly graceEndsAtMs: number | null
}
