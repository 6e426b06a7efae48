import type { SharedTier, SlotRead } from '../cache/shared-tier.ts'
import { decodeSlot, encodeSlot, tagOf } from '../cache/slot.ts'
import { Fault } from '../kernel/fault.ts'
import type { RedisConnection } from './redis-connection.ts'
import { mergeScript, readOrLeaseScript, swapScript } from './redis-scripts.ts'

/** The scripts as methods of the driver: by digest, and whole again where Redis has forgotten them. */
interface Scripts {
  ghReadOrLease(key: string, leaseTag: string, leaseMs: number, boundMs: number): Promise<number | string>
  ghSwap(key: string, expected: string, next: string, ttlMs: number): Promise<number>
  ghMerge(key: string, next: string, ttlMs: number): Promise<number>
}

/** The life of a state that stands in Redis without an end, which only a foreign hand can have put there. */
const boundMs = 60_000

/**
 * The shared tier in Redis, Valkey or a Cluster of either: one key and one script per call. `SET NX GET` with `PTTL`
 * was measured to be no faster, and fails on a full Redis also where the value is there. `close` leaves the connection
 * open.
 */
export function createRedisTier(connection: RedisConnection): SharedTier {
  const scripts = defineScripts(connection)
  const key = (slot: string) => `${connection.prefix}:s:${slot}`
  return {
    async readOrLease(slot, leaseId, leaseMs) {
      const tag = tagOf({ kind: 'lease', leaseId })
      return slotRead(await connection.ask(() => scripts.ghReadOrLease(key(slot), tag, whole(leaseMs), boundMs)))
    },
    async swap(slot, expected, next, ttlMs) {
      const text = next ? encodeSlot(next) : ''
      return (await connection.ask(() => scripts.ghSwap(key(slot), expected, text, whole(ttlMs)))) === 1
    },
    async merge(slot, state, ttlMs) {
      await connection.ask(() => scripts.ghMerge(key(slot), encodeSlot(state), whole(ttlMs)))
    },
    async close() {},
  }
}

function defineScripts({ client }: RedisConnection): Scripts {
  client.defineCommand('ghReadOrLease', { numberOfKeys: 1, lua: readOrLeaseScript })
  client.defineCommand('ghSwap', { numberOfKeys: 1, lua: swapScript })
  client.defineCommand('ghMerge', { numberOfKeys: 1, lua: mergeScript })
  return client as unknown as Scripts
}

function slotRead(reply: number | string): SlotRead {
  if (typeof reply === 'number') return reply === 1 ? { kind: 'leased' } : { kind: 'held' }
  const bar = reply.indexOf('|')
  const state = decodeSlot(reply.slice(bar + 1))
  // The script reads slots by the same rules; if it ever did not, the tier has no answer.
  if (!state) throw new Fault('tier.unavailable', { detail: 'a slot could not be read' })
  return { kind: 'state', state, ttlMs: Number(reply.slice(0, bar)) }
}

/** Redis takes whole milliseconds, and at least one. */
function whole(ms: number): number {
  return Math.max(1, Math.floor(ms))
}
