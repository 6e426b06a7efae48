import type { Clock } from '../kernel/clock.ts'
import type { NodeRegistry } from './node-registry.ts'

export interface ReaperOptions {
  readonly clock: Clock
  readonly registry: NodeRegistry
  readonly random: () => number
  /** Mean time between looks, ms. */
  readonly everyMs: number
  /** Silence beyond a node's bound that is still forgiven, ms: several times what a node may stay quiet. */
  readonly marginMs: number
  readonly onEvent?: (
    event:
      | { readonly kind: 'reaped'; readonly nodeIds: readonly string[] }
      | { readonly kind: 'failed'; readonly cause: unknown },
  ) => void
}

/** Strikes nodes off that went silent, so that no receipt waits for the dead. Every node may do it; doing it twice changes nothing. */
export function startReaper(options: ReaperOptions): () => void {
  let cancel = () => {}
  const next = () => {
    cancel = options.clock.after(options.everyMs * (0.5 + options.random()), () => {
      options.registry.reap(options.marginMs).then(
        (nodeIds) => nodeIds.length > 0 && options.onEvent?.({ kind: 'reaped', nodeIds }),
        (cause) => options.onEvent?.({ kind: 'failed', cause }),
      )
      next()
    })
  }
  next()
  return () => cancel()
}
