import type { Clock } from '../kernel/clock.ts'
import { type PostgresPool, poolOf } from './postgres-pool.ts'
import { createTurns, type TurnsOptions } from './sql-turns.ts'

/**
 * One pool in three shares. Beats and membership find a connection at once, whatever else goes on: without them a lease
 * lapses. Look-ups of checks go before the rest, and the rest (changes, lists) never takes all that look-ups may have.
 */
export interface Shares {
  readonly beat: PostgresPool
  readonly lookup: PostgresPool
  readonly work: PostgresPool
}

/** Beats of one node: a read, a confirmation, and one whose answer is lost and which has not timed out yet. */
const reserved = 3

/** So many look-ups, or parts of the rest, wait for their turn, and for so long, ms. */
const queue = 10_000
const waitMs = 5_000

export function sharesOf(pool: PostgresPool, size: number, clock: Clock): Shares {
  const turns = createTurns({ clock, queue, waitMs, ...limitsOf(size) })
  const share = (kind: 'lookup' | 'work') =>
    poolOf(
      async (onRelease) => {
        const leave = await turns.enter(kind)
        return pool
          .session(() => {
            leave()
            onRelease?.()
          })
          .catch((error: unknown) => {
            leave()
            throw error
          })
      },
      () => pool.close(),
    )
  return { beat: pool, lookup: share('lookup'), work: share('work') }
}

function limitsOf(size: number): Pick<TurnsOptions<'lookup' | 'work'>, 'together' | 'limits'> {
  const together = Math.max(1, size - reserved)
  const work = Math.max(1, Math.min(Math.floor(size / 2), together - 1))
  return { together, limits: { lookup: together, work } }
}

/** Lists leave a connection to changes, where there is more than one for both. */
export function listsAtOnce(size: number): number {
  return Math.min(2, Math.max(1, limitsOf(size).limits.work - 1))
}
