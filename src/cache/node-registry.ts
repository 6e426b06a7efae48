import type { Position } from './change-log.ts'

/** A node's row in SQL. A revocation waits for each of these, at most for its bound. */
export interface RegisteredNode {
  readonly id: string
  /** Lease and grace together, in ms: for so long after its last beat may the node still accept. */
  readonly boundMs: number
  readonly appliedSeq: number
  readonly seenAtMs: number
  readonly leftAtMs: number | null
}

export interface NodeRegistration {
  readonly id: string
  readonly name: string
  readonly leaseMs: number
  readonly graceMs: number
}

/** Membership, kept in SQL so that it cannot disagree with the log. Every method throws when it cannot be done. */
export interface NodeRegistry {
  /** Adds the node, or takes it back after it was struck off. */
  register(node: NodeRegistration, appliedSeq: number): Promise<void>
  /**
   * Notes how far the node has applied the log, and that it lives. Never lowers the sequence, and notes no
   * position that does not stand in the log: after a failover it may be one of a history that is lost.
   */
  confirm(nodeId: string, applied: Position): Promise<void>
  /** Of a node that has dropped its lease: nobody waits for it any more. */
  leave(nodeId: string): Promise<void>
  /** Nodes that may still hold a lease: the registered, and those struck off less than twice their bound ago. */
  list(): Promise<readonly RegisteredNode[]>
  /** Strikes off every node that was silent for longer than its bound and `marginMs`; forgets those long gone. */
  reap(marginMs: number): Promise<readonly string[]>
}
