import type { Push } from '../cache/shared-tier.ts'

/** Where the nodes of one process hear each other. */
export interface MemoryBus {
  readonly handlers: Set<(message: string) => void>
}

export function createMemoryBus(): MemoryBus {
  return { handlers: new Set() }
}

/**
 * One node's place on the bus. A message arrives after the publisher has gone on, as it would over a network. Handlers
 * must not throw.
 */
export function createMemoryPush(bus: MemoryBus): Push {
  const own = new Set<(message: string) => void>()

  function leave(handler: (message: string) => void): void {
    own.delete(handler)
    bus.handlers.delete(handler)
  }

  return {
    async publish(message) {
      for (const handler of bus.handlers) {
        queueMicrotask(() => {
          if (bus.handlers.has(handler)) handler(message)
        })
      }
    },
    async subscribe(handler) {
      // Wrapped, so that the same function subscribed twice is two subscriptions.
      const entry = (message: string) => handler(message)
      own.add(entry)
      bus.handlers.add(entry)
      return async () => leave(entry)
    },
    async close() {
      for (const handler of [...own]) leave(handler)
    },
  }
}
