import type { Clock } from '../kernel/clock.ts'

/** The one real time that all machines of a simulated world share, in ms. Only the one who runs the world moves it. */
export interface VirtualTime {
  nowMs: number
}

interface Timer {
  readonly dueMono: number
  readonly callback: () => void
}

export interface VirtualClockOptions {
  /** Shared with other clocks; its own by default. */
  readonly time?: VirtualTime
  /** What the monotonic clock shows at the start; 0 by default. */
  readonly originMono?: number
  /** What the wall clock shows at the start. */
  readonly originWall?: number
}

/**
 * The clocks of one machine. Its wall may step; while it is suspended its monotonic clock stands still and its wall
 * runs on. Timers fire only when they are told to, so that a test decides how late a machine is.
 */
export class VirtualClock implements Clock {
  readonly #time: VirtualTime
  readonly #originMono: number
  #originWall: number
  #suspendedAtMs: number | undefined
  #suspendedMs = 0
  /** By due time, then by age. */
  readonly #timers: Timer[] = []

  constructor(options: VirtualClockOptions = {}) {
    this.#time = options.time ?? { nowMs: 0 }
    this.#originMono = (options.originMono ?? 0) - this.#time.nowMs
    this.#originWall = (options.originWall ?? 1_800_000_000_000) - this.#time.nowMs
  }

  mono(): number {
    return this.#originMono + (this.#suspendedAtMs ?? this.#time.nowMs) - this.#suspendedMs
  }

  wall(): number {
    return this.#originWall + this.#time.nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { dueMono: this.mono() + Math.max(0, ms), callback }
    let at = this.#timers.length
    while (at > 0 && (this.#timers[at - 1]?.dueMono ?? 0) > timer.dueMono) at--
    this.#timers.splice(at, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** Timers that wait, due or not. */
  get pending(): number {
    return this.#timers.length
  }

  /** Until the next timer is due, ms; 0 when one is due, `undefined` when none waits. */
  get nextDueMs(): number | undefined {
    const [next] = this.#timers
    return next && Math.max(0, next.dueMono - this.mono())
  }

  /** Fires the earliest timer that is due. Answers whether there was one. */
  fire(): boolean {
    const [next] = this.#timers
    if (!next || next.dueMono > this.mono()) return false
    this.#timers.shift()
    next.callback()
    return true
  }

  stepWall(ms: number): void {
    this.#originWall += ms
  }

  suspend(): void {
    this.#suspendedAtMs ??= this.#time.nowMs
  }

  resume(): void {
    if (this.#suspendedAtMs === undefined) return
    this.#suspendedMs += this.#time.nowMs - this.#suspendedAtMs
    this.#suspendedAtMs = undefined
  }

  /** For a machine that is alone: moves time on, fires each timer when it is due, and lets promises settle between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#time.nowMs + ms
    await settled()
    for (;;) {
      const dueMs = this.nextDueMs
      if (dueMs === undefined || this.#time.nowMs + dueMs > endMs) break
      this.#time.nowMs += dueMs
      this.fire()
      await settled()
    }
    this.#time.nowMs = endMs
  }
}

/** Resolves when every promise that can go on without a timer has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
