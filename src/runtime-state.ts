import type { NodeState } from './http/contract.ts'
import type { Clock } from './kernel/clock.ts'
import { withDeadline } from './resilience/deadline.ts'
import type { CheckNode } from './runtime-node.ts'
import type { Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'
import { version } from './version.ts'

/** What a node says of itself and knows of the others. Never throws, never waits for longer than half a second. */
export async function stateOf(
  settings: Settings,
  stores: Stores,
  node: CheckNode,
  clock: Clock,
  startedAt: string,
): Promise<NodeState> {
  const { lease, follower } = node
  const age = lease.age()
  // A node that holds its lease has just read SQL; only one that does not needs to ask.
  const sqlUp = lease.isLive() || !follower.failing
  const nodes = sqlUp ? await withDeadline(clock, 500, () => stores.db.nodes.list()).catch(() => []) : []
  return {
    id: node.id,
    version,
    startedAt,
    posture: settings.posture,
    ready: lease.isInGrace(),
    lease: {
      live: lease.isLive(),
      inGrace: lease.isInGrace(),
      ageMs: Number.isFinite(age) ? Math.round(age) : null,
      leaseMs: lease.leaseMs,
      graceMs: lease.graceMs,
    },
    log: { seq: follower.position?.seq ?? null, failing: follower.failing },
    tiers: {
      sql: { kind: stores.db.kind, up: sqlUp },
      shared: { kind: stores.sharedKind, up: stores.sharedUp() },
    },
    entries: node.cache.sizes,
    nodes: nodes.map((each) => ({
      id: each.id,
      appliedSeq: each.appliedSeq,
      boundMs: each.boundMs,
      seenAt: new Date(each.seenAtMs).toISOString(),
      left: each.leftAtMs !== null,
    })),
  }
}
