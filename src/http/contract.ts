/** Types of the outside, shared with the command line and the console. Only types, and nothing that names a library. */

export interface NodeState {
  readonly id: string
  readonly version: string
  readonly startedAt: string
  readonly posture: 'strict' | 'balanced' | 'available'
  /** Ready to check: the first lease was taken, and the present state can still answer for known keys. */
  readonly ready: boolean
  readonly lease: {
    readonly live: boolean
    readonly inGrace: boolean
    readonly ageMs: number | null
    readonly leaseMs: number
    readonly graceMs: number
  }
  readonly log: { readonly seq: number | null; readonly failing: boolean }
  readonly tiers: {
    readonly sql: { readonly kind: 'sqlite' | 'postgres'; readonly up: boolean }
    readonly shared: {
      readonly kind: 'in-process' | 'redis' | 'redis-cluster' | 'redis-sentinel'
      readonly up: boolean
    }
  }
  readonly entries: {
    readonly entries: number
    readonly warm: number
    readonly absent: number
    readonly flights: number
  }
  readonly nodes: readonly {
    readonly id: string
    readonly appliedSeq: number
    readonly boundMs: number
    readonly seenAt: string
    readonly left: boolean
  }[]
}
