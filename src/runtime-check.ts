import type { Logger } from 'pino'
import type { Clock } from './kernel/clock.ts'
import { teller, text } from './runtime-log.ts'
import { createMetrics, type Metrics } from './runtime-metrics.ts'
import { type CheckNode, createCheckNode, type NodeEvent } from './runtime-node.ts'
import { openStores, type Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'
import type { RecognitionRing } from './tokens/peppers.ts'

export interface OpenedCheck<R extends RecognitionRing> {
  readonly stores: Stores
  readonly node: CheckNode
  readonly metrics: Metrics
  readonly ring: R
  /** Counts what happens, and logs what operators are to read. */
  readonly onEvent: (event: NodeEvent) => void
}

/**
 * Stores and a node that checks, not yet started: what the server and the library share. `prepare` brings what keys are
 * recognised with, and sees to it that the schema is one that may be used.
 */
export async function openCheck<R extends RecognitionRing>(
  settings: Settings,
  clock: Clock,
  log: Logger,
  prepare: (stores: Stores) => Promise<R>,
): Promise<OpenedCheck<R>> {
  let node: CheckNode | undefined
  const stores = await openStores(settings, clock, {
    onShared: (state, cause) => log.warn({ state, cause: text(cause) }, 'shared tier'),
    onSubscribed: () => void node?.follower.beat().catch(() => {}),
  })
  try {
    const ring = await prepare(stores)
    const metrics = createMetrics(() => node, stores.sharedUp)
    const tell = teller(log)
    const onEvent = (event: NodeEvent) => {
      metrics.onEvent(event)
      tell(event)
    }
    node = createCheckNode(settings, stores, ring, clock, onEvent)
    return { stores, node, metrics, ring, onEvent }
  } catch (cause) {
    await stores.close()
    throw cause
  }
}

/** Starts the node, and then does `after`; closes what was opened when either fails. */
export async function startCheck(
  { node, stores }: Pick<OpenedCheck<RecognitionRing>, 'node' | 'stores'>,
  after: () => Promise<void> = async () => {},
): Promise<void> {
  try {
    await node.start()
    await after()
  } catch (cause) {
    await node.stop().catch(() => {})
    await stores.close()
    throw cause
  }
}
