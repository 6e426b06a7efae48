/** What SQL holds of one slot: the key's own state, its tenant's, and whether this secret was rotated out. */
export interface KeyRow {
  readonly keyId: string
  readonly tenantId: string
  readonly state: 'active' | 'disabled' | 'revoked'
  readonly rotatedOut: boolean
}

/** What a cache holds of one slot. */
export interface Credential extends KeyRow {
  readonly tenantState: 'active' | 'suspended'
  /** Real time of the SQL read behind it: for the oracle only. */
  readonly readAtMs: number
}

export type Row = KeyRow | { readonly tenantState: 'active' | 'suspended' } | null
export type Rows = Readonly<Record<string, Row>>

export const slots = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'] as const
export const tenants = ['a', 'b'] as const

/** Two tenants with two keys each, and one digest each that no key has yet. */
export const firstRows: Rows = Object.fromEntries<Row>([
  ...tenants.map((tenant) => [tenant, { tenantState: 'active' }] as const),
  ...slots.map((slot) => [slot, slot.endsWith('3') ? null : newKey(`k-${slot}`, slot)] as const),
])

export function newKey(keyId: string, slot: string): KeyRow {
  return { keyId, tenantId: slot.slice(0, 1), state: 'active', rotatedOut: false }
}

export function keyIn(rows: Rows, slot: string): KeyRow | null {
  const row = rows[slot]
  return row && 'keyId' in row ? row : null
}

export function credentialIn(rows: Rows, slot: string, readAtMs: number): Credential | null {
  const key = keyIn(rows, slot)
  if (!key) return null
  const tenant = rows[key.tenantId]
  return { ...key, tenantState: tenant && 'tenantState' in tenant ? tenant.tenantState : 'suspended', readAtMs }
}

/** What a check would say of it: the only thing about which answers can differ. */
export function faceOf(credential: Omit<Credential, 'readAtMs'> | null): string {
  if (!credential) return 'absent'
  const { keyId, state, tenantState, rotatedOut } = credential
  return `${keyId} ${state} ${tenantState}${rotatedOut ? ' rotated-out' : ''}`
}

export const codec = {
  encode: (value: Credential) => JSON.stringify(value),
  decode: (payload: string): Credential | undefined => (payload === '' ? undefined : JSON.parse(payload)),
  subjects: ({ keyId, tenantId }: Credential) => [`key:${keyId}`, `tenant:${tenantId}`],
  terminal: ({ state }: Credential) => state === 'revoked',
}
