import type { Clock } from '../kernel/clock.ts'
import type { Fault } from '../kernel/fault.ts'

/*
 * Written here, not taken from cockatiel: its breaker reads `Date.now()`, which a simulation with virtual time cannot
 * move and a stepping wall clock can, it does not judge slow calls, and while it probes it makes callers wait for the
 * verdict instead of refusing them.
 */

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  readonly clock: Clock
  /** What a call gets while the breaker is open. */
  readonly refusal: () => Fault
  /** Between 0 and 1; spreads the probes of many nodes. `Math.random` by default. */
  readonly random?: () => number
  /** Failures in a row that open it; 5 by default. */
  readonly failures?: number
  /** A call that takes longer counts as failed though its answer is passed on; never by default. */
  readonly slowMs?: number
  /** Shortest and longest time between probes; 200 ms and 2 s by default. */
  readonly openMinMs?: number
  readonly openMaxMs?: number
  /** How many calls may probe at once; 1 by default. */
  readonly probes?: number
  /** Told once when it opens and once when it closes; a failed probe in between is no news. */
  readonly onState?: (state: 'open' | 'closed', cause?: unknown) => void
}

export interface Breaker {
  /** Runs `work`, or throws the refusal at once. Work must end by itself, or a probe never does: give it a deadline. */
  run<T>(work: () => Promise<T>): Promise<T>
  readonly state: BreakerState
}

export function createBreaker(options: BreakerOptions): Breaker {
  const { clock, refusal, onState, random = Math.random } = options
  const { failures = 5, slowMs = Infinity, openMinMs = 200, openMaxMs = 2000, probes = 1 } = options
  let failed = 0
  let probing = 0
  let openings = 0
  let opensUntil = 0
  /** Calls of an earlier state must not be counted in a later one. */
  let era = 0
  let state: BreakerState = 'closed'

  function enter(next: BreakerState): void {
    state = next
    era++
    failed = 0
    probing = 0
  }

  function open(cause: unknown): void {
    const news = state === 'closed'
    enter('open')
    // Full jitter under a ceiling that doubles: nodes that failed together do not probe together.
    const ceiling = Math.min(openMaxMs, openMinMs * 2 ** ++openings)
    opensUntil = clock.mono() + openMinMs + random() * (ceiling - openMinMs)
    if (news) onState?.('open', cause)
  }

  function fail(ofEra: number, cause: unknown): void {
    if (ofEra === era && (state === 'half-open' || ++failed >= failures)) open(cause)
  }

  function succeed(ofEra: number): void {
    if (ofEra !== era) return
    failed = 0
    if (state !== 'half-open') return
    enter('closed')
    openings = 0
    onState?.('closed')
  }

  return {
    get state() {
      return state
    },
    async run(work) {
      if (state === 'open' && clock.mono() >= opensUntil) enter('half-open')
      if (state === 'open' || (state === 'half-open' && probing >= probes)) throw refusal()
      if (state === 'half-open') probing++
      const ofEra = era
      const startedMs = clock.mono()
      try {
        const result = await work()
        const tookMs = clock.mono() - startedMs
        if (tookMs > slowMs) fail(ofEra, new Error(`answered after ${Math.round(tookMs)} ms`))
        else succeed(ofEra)
        return result
      } catch (error) {
        fail(ofEra, error)
        throw error
      }
    },
  }
}
