export type TenantState = 'active' | 'suspended'

export interface Tenant {
  readonly id: string
  readonly name: string
  readonly state: TenantState
  /** Stands in place of `gh` in the prefix of this tenant's keys: 2 to 24 of `a-z0-9_`. */
  readonly keyPrefix: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAtMs: number
  readonly updatedAtMs: number
}
