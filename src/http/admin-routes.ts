import type { Authority } from '../authority/authority.ts'
import type { Gate } from '../gateway/gate.ts'
import type { Revoker } from '../gateway/revoker.ts'
import type { App } from './app.ts'
import type { NodeState } from './contract.ts'

/** What the addresses under `/api/v1` are made of. Every one of them stands behind an admin key. */
export interface AdminRoutes {
  readonly app: App
  readonly gate: Gate
  readonly authority: Authority
  readonly revoker: Revoker
  readonly nodeState: () => Promise<NodeState>
}
