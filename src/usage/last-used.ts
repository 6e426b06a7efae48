import type { Clock } from '../kernel/clock.ts'

/** When a key was last accepted; one for each cached key, written on every check. */
export interface UseMark {
  readonly keyId: string
  /** Whole seconds since the epoch: small enough for V8 to keep in the object itself. */
  usedAtS: number
  /** Waits to be written already. */
  pending: boolean
}

export interface LastUsedOptions {
  readonly clock: Clock
  /** Writes a batch; each time is raised, never lowered, so that a batch may be written twice. */
  readonly write: (batch: readonly { readonly keyId: string; readonly lastUsedAtMs: number }[]) => Promise<void>
  readonly everyMs: number
  /** Most keys that wait to be written; beyond that the newest uses are not noted until the next write. */
  readonly limit?: number
  readonly onFailure?: (cause: unknown) => void
}

/** Never a write per request: uses are noted in process and written in batches. A crash loses at most one interval. */
export class LastUsed {
  readonly #o: LastUsedOptions
  readonly #limit: number
  #pending: UseMark[] = []
  #cancel: () => void = () => {}
  #writing: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: LastUsedOptions) {
    this.#o = options
    this.#limit = options.limit ?? 1_000_000
  }

  get pending(): number {
    return this.#pending.length
  }

  /** On the hot path: one comparison and one assignment, for all but the first use since the last write. */
  note(mark: UseMark, nowMs: number): void {
    mark.usedAtS = Math.floor(nowMs / 1000)
    if (mark.pending || this.#pending.length >= this.#limit) return
    mark.pending = true
    this.#pending.push(mark)
  }

  start(): void {
    if (this.#stopped) return
    this.#cancel = this.#o.clock.after(this.#o.everyMs, () => {
      void this.flush().finally(() => this.start())
    })
  }

  /** Writes what waits. What could not be written waits on. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const marks = this.#pending
    if (marks.length === 0) return
    this.#pending = []
    for (const mark of marks) mark.pending = false
    try {
      await this.#o.write(marks.map(({ keyId, usedAtS }) => ({ keyId, lastUsedAtMs: usedAtS * 1000 })))
    } catch (cause) {
      this.#o.onFailure?.(cause)
      for (const mark of marks) this.note(mark, mark.usedAtS * 1000)
    }
  }

  /** Writes what waits, and ends. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.flush()
  }
}
