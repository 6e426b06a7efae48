/**
 * Time as a port. Durations and leases are measured on the monotonic reading only; the wall reading judges calendar
 * facts (`expiresAt`) and detects a suspended machine. Nothing outside the implementations calls `Date.now()`.
 */
export interface Clock {
  /** Milliseconds on a clock that never steps; the origin means nothing. */
  mono(): number
  /** Milliseconds since the epoch; may step in either direction. */
  wall(): number
  /** Calls back once after `ms` of monotonic time. The returned function cancels it; calling it late does nothing. */
  after(ms: number, callback: () => void): () => void
}

/** The machine's own clocks. A timer of this clock never keeps the process alive. */
export const systemClock: Clock = {
  mono: () => performance.now(),
  wall: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`; rejects with the signal's reason when that fires first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
