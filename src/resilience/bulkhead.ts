import { Fault } from '../kernel/fault.ts'

/*
 * Written here, not taken from cockatiel: its bulkhead leaves an aborted call in the queue until its turn comes, so that
 * callers who gave up keep out those who did not, and it frees a place one microtask before the next in line takes it,
 * so that a newcomer can take that place and the one who waited is rejected.
 */

export interface BulkheadOptions {
  /** How many calls run at once. */
  readonly limit: number
  /** How many more may wait for their turn. */
  readonly queue: number
}

export interface Bulkhead {
  /**
   * Runs `work` when its turn comes. Throws `Fault('check.overloaded')` at once when the queue is full, and the signal's
   * reason when that fires before the turn; work that has begun must watch the signal itself.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  readonly active: number
  readonly waiting: number
}

export function createBulkhead({ limit, queue }: BulkheadOptions): Bulkhead {
  const waiting = new Set<() => void>()
  let active = 0

  /** Resolves with the place of a call that has ended: it is handed over, never free in between. */
  function turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.delete(admit)
        reject(signal?.reason)
      }
      waiting.add(admit)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  function release(): void {
    const [next] = waiting
    if (!next) {
      active--
      return
    }
    waiting.delete(next)
    next()
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return waiting.size
    },
    async run(work, signal) {
      signal?.throwIfAborted()
      if (active < limit) active++
      else if (waiting.size < queue) await turn(signal)
      else throw new Fault('check.overloaded')
      try {
        signal?.throwIfAborted()
        return await work()
      } finally {
        release()
      }
    },
  }
}
