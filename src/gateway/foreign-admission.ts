import type { Clock } from '../kernel/clock.ts'
import { type Bulkhead, createBulkhead } from '../resilience/bulkhead.ts'

export interface ForeignAdmissionOptions {
  readonly clock: Clock
  /** Look-ups of foreign tokens that may be under way at once, and wait. */
  readonly limit: number
  readonly queue: number
  /** Look-ups that one address may ask for: so many at once, and so many a second after that. */
  readonly burst: number
  readonly perSecond: number
  /** Addresses remembered; beyond that the longest unseen is forgotten. */
  readonly addressLimit: number
}

/**
 * A foreign token cannot be told from a made-up one before it is looked up. So these look-ups have a bulkhead and an
 * allowance per address of their own: a flood of them is refused, and never delays a key that was made here.
 */
export interface ForeignAdmission {
  /** Runs the look-up in its turn. `known`: this process holds an entry for the token, so it spends no allowance. */
  admit<R>(peer: string | undefined, known: boolean, read: () => Promise<R>): Promise<R | 'over-allowance'>
}

interface Allowance {
  left: number
  refilledMono: number
}

export function createForeignAdmission(options: ForeignAdmissionOptions): ForeignAdmission {
  const { clock, burst, perSecond, addressLimit } = options
  const bulkhead: Bulkhead = createBulkhead(options)
  const allowances = new Map<string, Allowance>()

  function spend(peer: string): boolean {
    const now = clock.mono()
    const allowance = allowances.get(peer) ?? { left: burst, refilledMono: now }
    // Put last again, so that the first in the map is the one that was not seen for longest.
    allowances.delete(peer)
    allowances.set(peer, allowance)
    if (allowances.size > addressLimit) forgetOldest(allowances)
    allowance.left = Math.min(burst, allowance.left + ((now - allowance.refilledMono) / 1000) * perSecond)
    allowance.refilledMono = now
    if (allowance.left < 1) return false
    allowance.left--
    return true
  }

  return {
    async admit(peer, known, read) {
      if (known) return await read()
      if (!spend(peer ?? 'unknown')) return 'over-allowance'
      return await bulkhead.run(read)
    },
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
