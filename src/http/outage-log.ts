import type { Logger } from 'pino'
import type { Clock } from '../kernel/clock.ts'

export interface OutageLog {
  undecided(requestId: string): void
  decided(): void
}

/** While known keys pass and others cannot be decided both happen in turn: it is over when none was undecided this long. */
const quietMs = 10_000

/** One line when checks can no longer be decided, one when they can again. */
export function createOutageLog(log: Logger, clock: Clock): OutageLog {
  let lastMono: number | undefined
  let count = 0
  return {
    undecided(requestId) {
      if (lastMono === undefined) log.warn({ requestId }, 'checks cannot be decided and are answered with 503')
      lastMono = clock.mono()
      count++
    },
    decided() {
      if (lastMono === undefined || clock.mono() - lastMono < quietMs) return
      log.warn({ undecided: count }, 'checks are decided again')
      lastMono = undefined
      count = 0
    },
  }
}
