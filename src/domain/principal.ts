import type { KeyKind } from './api-key.ts'

/** Who calls, as the service behind the check sees it. */
export interface Principal {
  readonly keyId: string
  readonly kind: KeyKind
  readonly tenantId: string | null
  readonly appId: string | null
  /** `key:<id>` for API keys. */
  readonly subject: string
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
  readonly environment: string | null
  readonly expiresAtMs: number | null
}
