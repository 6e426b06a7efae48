import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'

export interface DeadlineOptions {
  /** Ends the work from outside; its reason is thrown. */
  readonly signal?: AbortSignal
  /** What a missed deadline throws; `Fault('check.budget')` by default. */
  readonly fault?: () => Fault
}

/**
 * Gives `work` at most `ms`. Past it the work's own signal aborts and the fault is thrown, whether the work heeds the
 * signal or not. What the work does after that reaches nobody.
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  options: DeadlineOptions = {},
): Promise<T> {
  const { signal, fault = () => new Fault('check.budget', { detail: `no answer within ${ms} ms` }) } = options
  if (signal?.aborted) return Promise.reject(signal.reason)
  const own = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const give = (reason: unknown) => {
      end()
      reject(reason)
      own.abort(reason)
    }
    const interrupt = () => give(signal?.reason)
    const cancel = clock.after(ms, () => give(fault()))
    const end = () => {
      cancel()
      signal?.removeEventListener('abort', interrupt)
    }
    signal?.addEventListener('abort', interrupt, { once: true })
    started(work, own.signal).then(
      (value) => {
        end()
        resolve(value)
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
}

/** A throw before the first await is a rejection like any other. */
async function started<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  return work(signal)
}
