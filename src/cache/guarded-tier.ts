import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { type BreakerState, createBreaker } from '../resilience/breaker.ts'
import type { SharedTier } from './shared-tier.ts'

export interface TierGuardOptions {
  readonly clock: Clock
  /** Longest time one call may take; 150 ms by default. */
  readonly timeoutMs?: number
  /** A call that takes longer counts as failed; 100 ms by default. */
  readonly slowMs?: number
  /** Failures in a row that open the breaker; 5 by default. */
  readonly failures?: number
  /** Between 0 and 1; `Math.random` by default. */
  readonly random?: () => number
  /** One call, and so one line in the log, per change: the tier is left alone, the tier is used again. */
  readonly onState?: (state: 'open' | 'closed', cause?: unknown) => void
}

export interface GuardedTier extends SharedTier {
  readonly state: BreakerState
}

/**
 * A shared tier that never holds a check up: a call ends within `timeoutMs`, and a tier that keeps failing is left
 * alone, but for a probe every 200 ms to 2 s. In all these cases it throws `Fault('tier.unavailable')`.
 */
export function guardTier(tier: SharedTier, options: TierGuardOptions): GuardedTier {
  const { clock, timeoutMs = 150, slowMs = 100 } = options
  const late = () => new Fault('tier.unavailable', { detail: `no answer within ${timeoutMs} ms` })
  const refusal = () => new Fault('tier.unavailable', { detail: 'left alone after failures' })
  const breaker = createBreaker({ ...options, slowMs, refusal })
  const guard = <T>(ask: () => Promise<T>) => breaker.run(() => within(clock, timeoutMs, ask(), late))
  return {
    get state() {
      return breaker.state
    },
    readOrLease: (slot, leaseId, leaseMs) => guard(() => tier.readOrLease(slot, leaseId, leaseMs)),
    swap: (slot, expected, next, ttlMs) => guard(() => tier.swap(slot, expected, next, ttlMs)),
    merge: (slot, state, ttlMs) => guard(() => tier.merge(slot, state, ttlMs)),
    close: () => tier.close(),
  }
}

/** A timer that is late by more than this was not kept waiting by the tier, ms. */
const stallMs = 10

/** Not `withDeadline`: what was sent to the tier cannot be called back, and this is in the way of every check. */
function within<T>(clock: Clock, ms: number, answer: Promise<T>, late: () => Fault): Promise<T> {
  return new Promise((resolve, reject) => {
    const startedMono = clock.mono()
    const giveUp = () => reject(late())
    let cancel = clock.after(ms, () => {
      // A timer that comes late was held up by this process, and with it the answer, which may lie here unread already.
      if (clock.mono() - startedMono > ms + stallMs) cancel = clock.after(stallMs, giveUp)
      else giveUp()
    })
    answer.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}
