import type { CallRecord } from './callers.ts'
import type { Fleet } from './fleet.ts'
import type { FleetNode } from './fleet-node.ts'

export interface ColdKey {
  readonly id: string
  readonly key: string
  readonly digest: string
  readonly tenantId: string
}

/** A key that no cache has seen. */
export async function coldKey(fleet: Fleet, members: Readonly<Record<string, unknown>> = {}): Promise<ColdKey> {
  const tenantId = await fleet.admin().tenant()
  const { id, key } = await fleet.admin().key({ tenantId, ...members })
  const [digest = ''] = await fleet.digests(id)
  return { id, key, digest, tenantId }
}

/** Look-ups in SQL, as the nodes count them themselves. */
export function toldLookups(fleet: Fleet): Promise<readonly number[]> {
  return Promise.all(
    fleet.nodes.map((node) => node.metric('gatehouse_store_queries_total', { store: 'sql', operation: 'load' })),
  )
}

/** Makes a node open several connections to SQL, so that what is held back afterwards is answers, not greetings. */
export async function warmConnections(fleet: Fleet, node: FleetNode): Promise<void> {
  const tenantId = await fleet.admin().tenant()
  const keys = await Promise.all(Array.from({ length: 6 }, () => fleet.admin().key({ tenantId })))
  await fleet.callers.fire([node], keys.length, ...keys.map(({ key }) => key))
}

export interface Storm {
  readonly records: readonly CallRecord[]
  /** Look-ups of this key, as PostgreSQL saw them. */
  readonly seen: number
  /** Look-ups, as each node counts its own. */
  readonly told: readonly number[]
}

/** `each` callers at every node at once, on a key that nobody knows. `meanwhile` runs while they wait. */
export async function storm(fleet: Fleet, each: number, meanwhile?: (key: ColdKey) => Promise<void>): Promise<Storm> {
  const cold = await coldKey(fleet)
  await fleet.callers.open(fleet.nodes, each)
  await fleet.queries.restart()
  const before = await toldLookups(fleet)
  const [records] = await Promise.all([fleet.callers.fire(fleet.nodes, each, cold.key), meanwhile?.(cold)])
  const after = await toldLookups(fleet)
  const seen = (await fleet.queries.lookups()).filter((digest) => digest === cold.digest).length
  return { records, seen, told: after.map((count, index) => count - (before[index] ?? 0)) }
}

export function statuses(records: readonly CallRecord[]): readonly number[] {
  return [...new Set(records.map(({ status }) => status))].sort()
}

export function longestMs(records: readonly CallRecord[]): number {
  return Math.max(...records.map(({ startedMs, endedMs }) => endedMs - startedMs))
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((all, one) => all + one, 0)
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
