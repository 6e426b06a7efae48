import { type Clock, sleep } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import type { ChangeLog, LogRow, Position } from './change-log.ts'
import type { Floors } from './floors.ts'
import type { History } from './history.ts'
import type { Lease, Sent } from './lease.ts'
import type { NodeRegistration, NodeRegistry } from './node-registry.ts'
import { absence } from './subjects.ts'

export interface FollowerOptions {
  readonly clock: Clock
  readonly log: ChangeLog
  readonly registry: NodeRegistry
  readonly node: NodeRegistration
  readonly floors: Floors
  readonly lease: Lease
  readonly history: History
  /** h: time between beats, ms. */
  readonly beatMs: number
  /** A beat without an answer for so long is given up, ms. */
  readonly beatTimeoutMs: number
  /** How long a floor can matter: longest positive lifetime plus fill lease, ms. */
  readonly windowMs: number
  /** Most rows taken by one beat. */
  readonly rowLimit: number
  /** Most floors and positions loaded at once. */
  readonly snapshotLimit: number
  /** How often a quiet node says that it lives, ms. */
  readonly presenceMs: number
  /** A node writes how far it has come at most so often, ms: what moves fast is written as one. */
  readonly confirmMs: number
  /** Told of rows before the lease is renewed over them; a failure fails the beat. */
  readonly onRows?: (rows: readonly LogRow[]) => void | Promise<void>
  readonly onEvent?: (event: FollowerEvent) => void
}

export type FollowerEvent =
  | { readonly kind: 'beat'; readonly lagRows: number; readonly tookMs: number }
  | { readonly kind: 'beat-failed'; readonly cause: unknown }
  | { readonly kind: 'forked'; readonly at: Position }
  | { readonly kind: 'gap'; readonly at: Position }
  | { readonly kind: 'confirm-failed'; readonly cause: unknown }

/**
 * Follows the change log: reads what is new, applies it contiguously to the floors, and renews the lease from the
 * moment the read was sent. All of a node's right to answer from memory comes from here.
 */
export class Follower {
  readonly #o: FollowerOptions
  #beating: Promise<void> | undefined
  #again: Promise<void> | undefined
  #stopped = false
  #cancelTimer: () => void = () => {}
  #failing = false
  #confirmedMono = Number.NEGATIVE_INFINITY
  #cancelConfirm: (() => void) | undefined
  /** What the beat that runs, or the one given up last, is doing. */
  #advancing: Promise<unknown> | undefined
  #loading: Promise<void> | undefined
  #checkpoints: { readonly mono: number; readonly seq: number }[] = []

  constructor(options: FollowerOptions) {
    this.#o = options
  }

  /** How far this node has applied the log; `undefined` before its first load. */
  get position(): Position | undefined {
    return this.#o.history.head
  }

  /** Whether the last beat that ended did so without an answer. */
  get failing(): boolean {
    return this.#failing
  }

  /**
   * Loads, and takes the first lease; throws when it cannot. From then on beats go on by themselves until `stop`. A
   * load takes as long as it takes: only beats are given up, because a lease that they would bring is soon worth nothing.
   */
  async start(): Promise<void> {
    // A start that failed may be tried again: what was loaded then is followed, not loaded anew.
    if (!this.position) await this.#load()
    await this.beat()
    this.#schedule()
  }

  /** Leaves the registry, so that no revocation waits for this node any more. */
  async stop(): Promise<void> {
    this.halt()
    // What was given up may still be at it, and must not register the node again after it has left.
    await Promise.allSettled([this.#advancing, this.#loading])
    await this.#o.registry.leave(this.#o.node.id)
  }

  /** Ends the beats without a word to anybody, as a crash would. */
  halt(): void {
    this.#stopped = true
    this.#cancelTimer()
    this.#cancelConfirm?.()
    this.#o.lease.drop()
  }

  /** A beat that is *sent* after this call; callers that come while one waits to be sent share it. None after a stop. */
  beat(): Promise<void> {
    if (this.#stopped) return Promise.reject(new Fault('store.unavailable', { detail: 'this node has stopped' }))
    if (!this.#beating) return this.#begin()
    this.#again ??= this.#beating
      .catch(() => {})
      .then(() => {
        this.#again = undefined
        return this.#beating ?? this.#begin()
      })
    return this.#again
  }

  /** Beats unless the node has already applied `seq`. */
  async catchUp(seq: number): Promise<void> {
    if ((this.position?.seq ?? -1) < seq) await this.beat()
  }

  #begin(): Promise<void> {
    const beating = this.#run().finally(() => {
      if (this.#beating === beating) this.#beating = undefined
    })
    this.#beating = beating
    return beating
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#o.clock.after(this.#o.beatMs, () => {
      this.beat().then(
        () => this.#schedule(),
        () => this.#schedule(),
      )
    })
  }

  async #run(): Promise<void> {
    const given = new AbortController()
    const startedMono = this.#o.clock.mono()
    try {
      const late = sleep(this.#o.clock, this.#o.beatTimeoutMs, given.signal).then(() => {
        throw new Fault('store.unavailable', { detail: `the change log gave no answer in ${this.#o.beatTimeoutMs} ms` })
      })
      late.catch(() => {})
      const advancing = this.#advance(given.signal)
      this.#advancing = advancing
      const lagRows = await Promise.race([advancing, late])
      this.#failing = false
      this.#o.onEvent?.({ kind: 'beat', lagRows, tookMs: this.#o.clock.mono() - startedMono })
    } catch (cause) {
      this.#failing = true
      this.#o.onEvent?.({ kind: 'beat-failed', cause })
      throw cause
    } finally {
      given.abort()
    }
  }

  /** Reads and applies until nothing is new. `signal` says that nobody waits for the outcome any more. */
  async #advance(signal: AbortSignal): Promise<number> {
    const o = this.#o
    let lag = 0
    while (!signal.aborted && !this.#stopped) {
      const sent = o.lease.stamp()
      if (!this.position) {
        await this.#load()
        continue
      }
      const from = this.position
      const answer = await o.log.read(o.node.id, from.seq, o.rowLimit)
      if (signal.aborted || this.position !== from) break
      if (!answer.registered) {
        if (this.#stopped) break
        await o.registry.register(o.node, 0)
        this.#confirmedMono = Number.NEGATIVE_INFINITY
        continue
      }
      const news = answer.rows.slice(1)
      if (!isContiguous(from, answer.rows)) {
        await this.#mend(from, answer.rows)
        continue
      }
      await this.#apply(news, signal)
      if (signal.aborted) break
      lag += news.length
      if (answer.rows.length < o.rowLimit) {
        this.#renew(sent, news.some((row) => row.restricts) || lag > news.length)
        break
      }
    }
    return lag
  }

  async #apply(rows: readonly LogRow[], signal: AbortSignal): Promise<void> {
    if (rows.length === 0) return
    // Floors first: from here on nothing older is believed, even if what follows fails and the beat with it.
    for (const row of rows) for (const subject of row.subjects) this.#o.floors.raise(subject, row.seq, row.terminal)
    await this.#o.onRows?.(rows)
    if (signal.aborted) return
    for (const row of rows) this.#o.history.append(row)
  }

  #renew(sent: Sent, restricted: boolean): void {
    if (this.#stopped) return
    const o = this.#o
    o.lease.renew(sent)
    const at = this.position
    if (!at) return
    this.#prune(at.seq)
    const sinceMs = o.clock.mono() - this.#confirmedMono
    if (sinceMs >= (restricted ? o.confirmMs : o.presenceMs)) this.#confirm()
    else if (restricted) this.#cancelConfirm ??= o.clock.after(o.confirmMs - sinceMs, () => this.#confirm())
  }

  /** Writes how far this node has come by now, and that it lives. */
  #confirm(): void {
    this.#cancelConfirm?.()
    this.#cancelConfirm = undefined
    const { clock, registry, node, onEvent } = this.#o
    const at = this.position
    if (!at || this.#stopped) return
    this.#confirmedMono = clock.mono()
    registry.confirm(node.id, at).catch((cause) => {
      this.#confirmedMono = Number.NEGATIVE_INFINITY
      onEvent?.({ kind: 'confirm-failed', cause })
    })
  }

  /** Once a window has passed since a position was applied, floors up to it are only memory. */
  #prune(seq: number): void {
    const now = this.#o.clock.mono()
    const last = this.#checkpoints.at(-1)
    if (!last || now - last.mono > this.#o.windowMs / 16) this.#checkpoints.push({ mono: now, seq })
    const [oldest] = this.#checkpoints
    if (!oldest || now - oldest.mono <= this.#o.windowMs) return
    this.#checkpoints.shift()
    if (oldest.seq > this.#o.floors.horizon) this.#o.floors.prune(oldest.seq)
  }

  /** A load goes on when the beat that began it is given up; the next one waits for the same. */
  #load(aboveSeq = -1): Promise<void> {
    this.#loading ??= this.#reload(aboveSeq).finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /**
   * Registered before loaded, loaded before the first lease: a revocation can never miss a node that may accept.
   * `aboveSeq`: how far this node had come in a history that is lost; only a head above it can refuse all of that.
   */
  async #reload(aboveSeq: number): Promise<void> {
    const o = this.#o
    await o.registry.register(o.node, 0)
    const snapshot = await o.log.snapshot(o.windowMs, o.snapshotLimit)
    if (this.#stopped) return
    if (snapshot.head.seq <= aboveSeq) {
      throw new Fault('store.unavailable', { detail: `the change log went back again, below ${aboveSeq}` })
    }
    o.floors.raiseHorizon(snapshot.horizon)
    for (const { subject, seq, terminal } of snapshot.floors) o.floors.raise(subject, seq, terminal)
    // Creations raise no floor in SQL, so absence that was cached before this snapshot cannot be judged.
    o.floors.raise(absence, snapshot.head.seq, false)
    // What this node had read up to now may belong to what was lost: none of it is believed again.
    if (aboveSeq >= 0) o.floors.raiseHorizon(snapshot.head.seq)
    await o.onRows?.([{ ...loadedRow, ...snapshot.head }])
    o.history.restart(snapshot.positions, snapshot.head)
    // What was loaded is applied, and receipts may wait to hear so.
    this.#confirmedMono = Number.NEGATIVE_INFINITY
  }

  /** The log does not go on from where this node stands: rows were trimmed, or history is another one. */
  async #mend(from: Position, rows: readonly LogRow[]): Promise<void> {
    const o = this.#o
    const trimmed = rows[0] !== undefined && rows[0].seq > from.seq
    o.onEvent?.({ kind: trimmed ? 'gap' : 'forked', at: from })
    o.lease.drop()
    if (!trimmed) await o.log.fork(from.seq)
    await this.#load(from.seq)
  }
}

/** Stands for everything at once, where rows were not seen one by one. */
const loadedRow = { subjects: ['patterns', 'peppers'], previousMark: '', terminal: false, restricts: true } as const

function isContiguous(from: Position, rows: readonly LogRow[]): boolean {
  let previous: Position = from
  for (const [index, row] of rows.entries()) {
    if (index === 0) {
      if (row.seq !== from.seq || row.mark !== from.mark) return false
    } else if (row.previousMark !== previous.mark || row.seq <= previous.seq) return false
    previous = row
  }
  return rows.length > 0
}
