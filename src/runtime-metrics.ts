import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { CheckNode, NodeEvent } from './runtime-node.ts'

/** Every metric of the check, by name; the reference page is written from here. */
export const metricTable = {
  gatehouse_verifications_total: {
    help: 'Checks, by outcome and by the tier that answered',
    labels: ['outcome', 'tier'],
  },
  gatehouse_verification_seconds: { help: 'How long checks took that memory could not answer', labels: ['outcome'] },
  gatehouse_store_queries_total: {
    help: 'Calls to stores, by store, operation and outcome',
    labels: ['store', 'operation', 'outcome'],
  },
  gatehouse_flights_joined_total: { help: 'Checks that joined a look-up under way instead of making one', labels: [] },
  gatehouse_refreshes_total: { help: 'Entries that were read again ahead of their expiry', labels: [] },
  gatehouse_entries: { help: 'What the process holds, by tier and kind', labels: ['tier', 'kind'] },
  gatehouse_floors: { help: 'Floors that the node holds', labels: [] },
  gatehouse_lease_live: { help: '1 while the node may answer from memory, else 0', labels: [] },
  gatehouse_log_position: { help: 'Sequence up to which the node has applied the change log', labels: [] },
  gatehouse_log_lag_seconds: { help: 'Time since the last beat that brought the node up to date', labels: [] },
  gatehouse_beat_seconds: { help: 'How long a read of the change log took', labels: [] },
  gatehouse_revocation_confirmed_seconds: {
    help: 'From the commit of a revocation to the word of the last node',
    labels: [],
  },
  gatehouse_degraded_verdicts_total: { help: 'Verdicts that a declared degradation let stand', labels: [] },
  gatehouse_shared_tier_up: { help: '1 while the shared tier is used, else 0', labels: [] },
  gatehouse_usage_pending: { help: 'Keys whose last use waits to be written', labels: [] },
} as const satisfies Record<string, { readonly help: string; readonly labels: readonly string[] }>

type MetricName = keyof typeof metricTable

export interface Metrics {
  readonly registry: Registry
  /** Counts what a node tells of itself. */
  onEvent(event: NodeEvent): void
  onRevocation(confirmedMs: number): void
}

const seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** `node` is asked when the figures are read: counting costs the checks nothing. */
export function createMetrics(node: () => CheckNode | undefined, sharedUp: () => boolean): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const described = (name: MetricName) => ({
    name,
    help: metricTable[name].help,
    labelNames: [...metricTable[name].labels],
    registers: [registry],
  })
  const gauge = (name: MetricName, value: (node: CheckNode) => number) => {
    const metric = new Gauge({
      ...described(name),
      collect() {
        const present = node()
        if (present) metric.set(value(present))
      },
    })
  }
  /** A count that is kept elsewhere, as a plain number. */
  const count = (name: MetricName, value: (node: CheckNode) => number) => {
    const metric = new Counter({
      ...described(name),
      collect() {
        metric.reset()
        const present = node()
        if (present) metric.inc(value(present))
      },
    })
  }

  const queries = new Counter(described('gatehouse_store_queries_total'))
  const beats = new Histogram({ ...described('gatehouse_beat_seconds'), buckets: seconds })
  const revocations = new Histogram({ ...described('gatehouse_revocation_confirmed_seconds'), buckets: seconds })
  const slow = new Histogram({ ...described('gatehouse_verification_seconds'), buckets: seconds })
  countsOfVerdicts(described('gatehouse_verifications_total'), node)
  sizes(described('gatehouse_entries'), node)
  count('gatehouse_flights_joined_total', ({ cache }) => cache.figures.joined)
  count('gatehouse_refreshes_total', ({ cache }) => cache.figures.refreshed)
  count('gatehouse_degraded_verdicts_total', ({ figures }) => figures.degraded)
  gauge('gatehouse_floors', ({ floors }) => floors.size)
  gauge('gatehouse_lease_live', ({ lease }) => (lease.isLive() ? 1 : 0))
  gauge('gatehouse_log_position', ({ follower }) => follower.position?.seq ?? 0)
  gauge('gatehouse_log_lag_seconds', ({ lease }) => Math.min(lease.age() / 1000, Number.MAX_SAFE_INTEGER))
  gauge('gatehouse_usage_pending', ({ lastUsed }) => lastUsed.pending)
  gauge('gatehouse_shared_tier_up', () => (sharedUp() ? 1 : 0))

  return {
    registry,
    onEvent({ source, event }) {
      if (source === 'cache' && event.kind === 'tier')
        queries.inc({ store: 'shared', operation: event.operation, outcome: event.outcome })
      if (source === 'cache' && event.kind === 'source')
        queries.inc({ store: 'sql', operation: event.operation, outcome: event.outcome })
      if (source === 'log' && event.kind === 'beat') beats.observe(event.tookMs / 1000)
      if (source === 'log' && (event.kind === 'beat' || event.kind === 'beat-failed')) {
        queries.inc({ store: 'sql', operation: 'beat', outcome: event.kind === 'beat' ? 'ok' : 'failed' })
      }
      if (source === 'check' && event.kind === 'slow')
        slow.observe({ outcome: event.verdict.kind }, event.tookMs / 1000)
    },
    onRevocation: (confirmedMs) => revocations.observe(confirmedMs / 1000),
  }
}

interface Description {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly registers: Registry[]
}

function countsOfVerdicts(description: Description, node: () => CheckNode | undefined): void {
  const metric = new Counter({
    ...description,
    collect() {
      metric.reset()
      for (const { tier, code, count } of node()?.figures.entries() ?? []) metric.inc({ outcome: code, tier }, count)
    },
  })
}

function sizes(description: Description, node: () => CheckNode | undefined): void {
  const metric = new Gauge({
    ...description,
    collect() {
      const held = node()?.cache.sizes
      if (!held) return
      metric.set({ tier: 'L1', kind: 'value' }, held.entries)
      metric.set({ tier: 'L1', kind: 'preloaded' }, held.warm)
      metric.set({ tier: 'L1', kind: 'absence' }, held.absent)
    },
  })
}
