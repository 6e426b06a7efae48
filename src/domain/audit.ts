/** Who did it and from where; comes with every change. */
export interface Actor {
  /** An admin key's id, `cli`, `system` or `bootstrap`. */
  readonly id: string
  /** The peer's address, or `null` for what the machine did itself. */
  readonly ip: string | null
  readonly requestId: string | null
}

export interface AuditEntry {
  readonly id: string
  readonly atMs: number
  readonly actor: Actor
  /** `key.create`, `key.revoke`, `tenant.suspend`, … */
  readonly action: string
  readonly subjectType: 'key' | 'tenant' | 'app' | 'node' | 'deployment'
  readonly subjectId: string
  readonly tenantId: string | null
  /** What changed, without secrets. */
  readonly changes: Readonly<Record<string, unknown>>
}
