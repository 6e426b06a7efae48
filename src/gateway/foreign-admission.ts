import type { Clock } from '../kernel/clock.ts'
import { type Bulkhead, createBulkhead } from '../resilience/bulkhead.ts'
import { withDeadline } from '../resilience/deadline.ts'

export interface ForeignAdmissionOptions {
  readonly clock: Clock
  /** Look-ups of foreign tokens that may be under way at once, and wait. */
  readonly limit: number
  readonly queue: number
  /** Look-ups that find nothing, for each address: so many at once, and so many a second after that. */
  readonly burst: number
  readonly perSecond: number
  /** Addresses remembered; beyond that the longest unseen is forgotten. */
  readonly addressLimit: number
}

/**
 * A foreign token cannot be told from a made-up one before it is looked up. So these look-ups have a bulkhead of their
 * own, and each address an allowance of look-ups that find nothing: a flood of made-up tokens is refused, and never
 * delays a key that was made here. Keys that are found cost no allowance, however many come from one address.
 */
export interface ForeignAdmission {
  /** Runs the look-up in its turn, if that comes before the deadline; else throws `check.overloaded` or `check.budget`. */
  admit<R extends { readonly value: unknown }>(
    peer: string | undefined,
    deadlineMono: number,
    read: () => Promise<R>,
  ): Promise<R | 'over-allowance'>
}

interface Allowance {
  left: number
  refilledMono: number
}

export function createForeignAdmission(options: ForeignAdmissionOptions): ForeignAdmission {
  const { clock, burst, perSecond, addressLimit } = options
  const bulkhead: Bulkhead = createBulkhead(options)
  const allowances = new Map<string, Allowance>()

  /** As it stands now. */
  function allowanceOf(peer: string): Allowance {
    const now = clock.mono()
    const allowance = allowances.get(peer) ?? { left: burst, refilledMono: now }
    // Put last again, so that the first in the map is the one that was not seen for longest.
    allowances.delete(peer)
    allowances.set(peer, allowance)
    if (allowances.size > addressLimit) forgetOldest(allowances)
    allowance.left = Math.min(burst, allowance.left + ((now - allowance.refilledMono) / 1000) * perSecond)
    allowance.refilledMono = now
    return allowance
  }

  const isSpent = (peer: string) => allowanceOf(peer).left < 1

  return {
    async admit(peer = 'unknown', deadlineMono, read) {
      if (isSpent(peer)) return 'over-allowance'
      const inTurn = async () => {
        // Those that went before may have spent it meanwhile.
        if (isSpent(peer)) return 'over-allowance'
        const found = await read()
        if (found.value === null) allowanceOf(peer).left--
        return found
      }
      const waitMs = Math.max(0, deadlineMono - clock.mono())
      return await withDeadline(clock, waitMs, (signal) => bulkhead.run(inTurn, signal))
    },
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
