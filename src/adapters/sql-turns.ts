import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'

export interface TurnsOptions<L extends string> {
  readonly clock: Clock
  /** How many of each kind go on at once. Of those that wait, the first kind named here goes first. */
  readonly limits: Readonly<Record<L, number>>
  /** How many of all kinds go on at once. */
  readonly together: number
  /** How many of a kind may wait. */
  readonly queue: number
  /** How long any of them waits, ms. */
  readonly waitMs: number
}

/**
 * Who uses how much of a database at a time. `enter` answers with what must be called at the end, and throws
 * `Fault('check.overloaded')` when too many wait already, or when the turn does not come in time.
 */
export interface Turns<L extends string> {
  enter(kind: L): Promise<() => void>
}

export function createTurns<L extends string>(options: TurnsOptions<L>): Turns<L> {
  const { clock, limits, together, queue, waitMs } = options
  const kinds = Object.entries<number>(limits).map(([kind, limit]) => ({
    ...{ kind, limit, active: 0 },
    waiting: new Set<() => void>(),
  }))
  let inside = 0

  type Kind = (typeof kinds)[number]
  const free = ({ active, limit }: Kind) => inside < together && active < limit

  function admit(kind: Kind): () => void {
    inside++
    kind.active++
    let left = false
    return () => {
      if (left) return
      left = true
      inside--
      kind.active--
      callNext()
    }
  }

  function callNext(): void {
    for (const kind of kinds) {
      for (const call of kind.waiting) {
        if (!free(kind)) break
        kind.waiting.delete(call)
        call()
      }
    }
  }

  return {
    async enter(name) {
      const kind = kinds.find((one) => one.kind === name)
      if (!kind) throw new Fault('internal', { detail: `nothing of the kind ${name} has a turn` })
      if (free(kind)) return admit(kind)
      if (kind.waiting.size >= queue) throw overloaded()
      return new Promise((resolve, reject) => {
        const call = () => {
          cancel()
          resolve(admit(kind))
        }
        const cancel = clock.after(waitMs, () => {
          kind.waiting.delete(call)
          reject(overloaded())
        })
        kind.waiting.add(call)
      })
    },
  }
}

function overloaded(): Fault {
  return new Fault('check.overloaded', {
    public: 'Too many requests wait for the database',
    fix: 'Try again in a moment',
  })
}
