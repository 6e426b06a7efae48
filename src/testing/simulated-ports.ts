import type { ChangeLog } from '../cache/change-log.ts'
import type { NodeRegistry } from '../cache/node-registry.ts'
import type { Push, SharedTier } from '../cache/shared-tier.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedSql } from './simulated-sql.ts'
import type { SimulatedTier } from './simulated-tier.ts'

/** The change log as one machine reaches it. */
export function simulatedLog<R>(network: SimulatedNetwork, sql: SimulatedSql<R>, machine: string): ChangeLog {
  const ask = <A>(what: string, effect: () => A) => network.call(machine, 'sql', what, effect)
  return {
    read: (nodeId, fromSeq, limit) => ask('log.read', () => sql.read(nodeId, fromSeq, limit)),
    snapshot: (windowMs, limit) => ask('log.snapshot', () => sql.snapshot(windowMs, limit)),
    fork: (seenSeq) => ask('log.fork', () => sql.fork(seenSeq)),
  }
}

export function simulatedRegistry<R>(network: SimulatedNetwork, sql: SimulatedSql<R>, machine: string): NodeRegistry {
  const ask = <A>(what: string, effect: () => A) => network.call(machine, 'sql', what, effect)
  return {
    register: (node, appliedSeq) => ask('nodes.register', () => sql.register(node, appliedSeq)),
    confirm: (nodeId, applied) => ask('nodes.confirm', () => sql.confirm(nodeId, applied)),
    leave: (nodeId) => ask('nodes.leave', () => sql.leave(nodeId)),
    list: () => ask('nodes.list', () => sql.list()),
    reap: (marginMs) => ask('nodes.reap', () => sql.reap(marginMs)),
  }
}

export function simulatedSharedTier(network: SimulatedNetwork, tier: SimulatedTier, machine: string): SharedTier {
  const ask = async <A>(what: string, effect: () => Promise<A>) =>
    await (await network.call(machine, 'tier', what, () => [effect()] as const))[0]
  return {
    readOrLease: (slot, leaseId, leaseMs) => ask(`tier.enter ${slot}`, () => tier.readOrLease(slot, leaseId, leaseMs)),
    swap: (slot, expected, next, ttlMs) =>
      ask(`tier.swap ${slot} ${next?.kind ?? 'nothing'}`, () => tier.swap(slot, expected, next, ttlMs)),
    merge: (slot, state, ttlMs) => ask(`tier.merge ${slot}`, () => tier.merge(slot, state, ttlMs)),
    async close() {},
  }
}

/** Every message is one parcel for each subscriber: each may be late, lost or doubled by itself. */
export class SimulatedBus {
  readonly #network: SimulatedNetwork
  readonly #subscribers = new Map<(message: string) => void, string>()

  constructor(network: SimulatedNetwork) {
    this.#network = network
  }

  push(machine: string): Push {
    return {
      publish: async (message) => {
        for (const [handler, to] of this.#subscribers) {
          this.#network.post(machine, to, `push ${message}`, () => this.#subscribers.has(handler) && handler(message))
        }
      },
      subscribe: async (handler) => {
        this.#subscribers.set(handler, machine)
        return async () => {
          this.#subscribers.delete(handler)
        }
      },
      close: async () => this.#drop(machine),
    }
  }

  #drop(machine: string): void {
    for (const [handler, owner] of this.#subscribers) if (owner === machine) this.#subscribers.delete(handler)
  }
}
