import type { Position } from './change-log.ts'
import type { Entry } from './entry.ts'
import { RecentEnds } from './recent-ends.ts'
import { sealed, unsealed } from './seal.ts'
import { type FillRight, SharedSlots, type SlotOutcome } from './shared-slots.ts'
import { type SlotState, tagOf } from './slot.ts'
import { absence, absenceOf } from './subjects.ts'
import type { TieredCacheOptions } from './tiered-cache-options.ts'

/** An entry on its way into memory. */
export interface Loaded<T> {
  readonly entry: Entry<T>
  readonly tier: 'L2' | 'L3'
  /** When SQL was asked for it; minus infinity where another node asked. */
  readonly sentMono: number
  /** An answer for those who wait for it, but not to be kept: this node could not place it on its history. */
  readonly passing?: boolean
}

/** The way of a miss: the shared tier, then SQL, and back into the shared tier. Knows nothing of who waits for it. */
export class Loader<T> {
  readonly #o: TieredCacheOptions<T>
  readonly #slots: SharedSlots
  readonly #ends: RecentEnds

  constructor(options: TieredCacheOptions<T>) {
    this.#o = options
    this.#slots = new SharedSlots(options)
    this.#ends = new RecentEnds(options.clock, options.lease.leaseMs)
  }

  /** Throws what the source throws. A failing shared tier is passed by. */
  async load(slot: string, deadline: number, signal: AbortSignal): Promise<Loaded<T>> {
    const right = await this.#fromSharedTier(slot, deadline, signal)
    return right && 'entry' in right ? right : await this.#fromSource(slot, right, signal, 'load')
  }

  /** A newer reading of an entry that is still good; `undefined` when another node is at it. */
  async refresh(entry: Entry<T>, signal: AbortSignal): Promise<Loaded<T> | undefined> {
    const seen = await this.#try('enter', () => this.#slots.enter(entry.slot, 0, signal))
    if (seen?.kind === 'busy') return undefined
    if (seen?.kind !== 'state') return await this.#fromSource(entry.slot, seen?.right, signal, 'refresh')
    const adopted = await this.#adopt(entry.slot, seen)
    if (adopted && adopted.entry.freshUntil > entry.freshUntil + this.#o.positiveMs / 4) return adopted
    // The turn to refresh is a slot of its own: the value stays where it is while it is being renewed.
    const turn = await this.#try('enter', () => this.#slots.enter(`${entry.slot}~`, 0, signal))
    if (turn && turn.kind !== 'fill') return undefined
    const right = { slot: entry.slot, tag: tagOf(seen.state) }
    return await this.#fromSource(entry.slot, right, signal, 'refresh')
  }

  /** An entry for what SQL said at `at`, asked at `sentMono`. */
  entry(slot: string, at: Position, value: T | null, sentMono: number, seq = this.#stamp(at)): Entry<T> {
    const o = this.#o
    const life = value === null ? o.absentMs : o.positiveMs
    const freshUntil = Math.floor(sentMono + life * (1 - o.random() / 10))
    const refreshFrom = Math.floor(freshUntil - life / 5 + (o.random() * life) / 10)
    // In the order in which a hit reads them.
    return {
      value,
      revision: 0,
      freshUntil,
      used: true,
      refreshFrom: value === null ? freshUntil : refreshFrom,
      readMono: Math.floor(sentMono),
      seq,
      terminal: value !== null && o.codec.terminal(value),
      subjects: value === null ? [absence, absenceOf(slot)] : o.codec.subjects(value),
      slot,
    }
  }

  /**
   * A stamp of another history is never believed, and so refused by any horizon. Nor is one beyond what this node has
   * applied: SQL may lose that history again, and a node that never applied it would not notice.
   */
  #stamp(at: Position): number {
    return this.#o.history.place(at) === 'mine' ? at.seq : -1
  }

  /** What another node left, or the right to fill, or neither. */
  async #fromSharedTier(
    slot: string,
    deadline: number,
    signal: AbortSignal,
  ): Promise<Loaded<T> | FillRight | undefined> {
    const { clock, lease, fillLeaseMs, budgetMs } = this.#o
    // Without a lease or its grace nothing that another node left can be judged.
    if (!lease.isInGrace() || this.#ends.has(slot)) return undefined
    const waitUntil = Math.min(clock.mono() + Math.min(fillLeaseMs, budgetMs / 2), deadline)
    const outcome = await this.#try('enter', () => this.#slots.enter(slot, waitUntil, signal))
    if (outcome?.kind === 'fill') return outcome.right
    if (outcome?.kind !== 'state') return undefined
    const adopted = await this.#adopt(slot, outcome)
    if (adopted) return adopted
    return (await this.#try('replace', () => this.#slots.replace(slot, outcome.state))) ?? undefined
  }

  /** `undefined` if the state cannot be read, placed on this node's history, or believed. */
  async #adopt(slot: string, outcome: SlotOutcome & { kind: 'state' }): Promise<Loaded<T> | undefined> {
    const { state, askedMono, ttlMs } = outcome
    if (state.kind === 'lease') return undefined
    const payload = unsealed(this.#o.seal, slot, state)
    if (payload === undefined || !(await this.#place(state.at))) return undefined
    const value = state.kind === 'absent' ? null : this.#o.codec.decode(payload)
    // Absence is never served without a lease: better to ask SQL than to find that out again and again.
    if (value === undefined || (value === null && !this.#o.lease.isLive())) return undefined
    const life = value === null ? this.#o.absentMs : this.#o.positiveMs
    const { entry: fresh, passing } = this.#placed(slot, state.at, value, askedMono - Math.max(0, life - ttlMs))
    const entry = { ...fresh, freshUntil: Math.min(fresh.freshUntil, Math.floor(askedMono + ttlMs)) }
    if (this.#o.floors.standing(entry.subjects, entry.seq) === 'outdated') return undefined
    return { entry, passing, tier: 'L2', sentMono: Number.NEGATIVE_INFINITY }
  }

  /** Whether the stamp lies on this node's history; beyond its position the node first reads on. */
  async #place(at: Position): Promise<boolean> {
    const { history, follower, lease } = this.#o
    if (history.place(at) === 'ahead' && !follower.failing) await follower.beat().catch(() => {})
    const place = history.place(at)
    // In grace the log cannot be asked: the entry is then taken at this node's own position.
    return place === 'mine' || (place === 'ahead' && !lease.isLive())
  }

  /** What lies ahead is judged at this node's own position: so it is only refused sooner. */
  #placed(slot: string, at: Position, value: T | null, sentMono: number): { entry: Entry<T>; passing: boolean } {
    const passing = this.#o.history.place(at) === 'ahead'
    const seq = passing ? (this.#o.history.head?.seq ?? 0) : this.#stamp(at)
    return { entry: this.entry(slot, at, value, sentMono, seq), passing }
  }

  async #fromSource(
    slot: string,
    right: FillRight | undefined,
    signal: AbortSignal,
    operation: 'load' | 'refresh',
  ): Promise<Loaded<T>> {
    const sentMono = this.#o.clock.mono()
    try {
      const { at, value } = await this.#o.source.load(slot, signal)
      this.#o.onEvent?.({ kind: 'source', operation, outcome: 'ok', tookMs: this.#o.clock.mono() - sentMono })
      if (right) void this.#fill(right, this.#state(slot, at, value), sentMono)
      if (!this.#o.follower.failing) await this.#o.follower.catchUp(at.seq).catch(() => {})
      const { entry, passing } = this.#placed(slot, at, value, sentMono)
      if (passing && entry.terminal) this.#ends.note(slot)
      return { entry, passing, tier: 'L3', sentMono }
    } catch (cause) {
      this.#o.onEvent?.({ kind: 'source', operation, outcome: 'failed', tookMs: this.#o.clock.mono() - sentMono })
      // The right to refresh hangs on a value that is still good: that one stays.
      if (right && operation === 'load') void this.#try('give-up', () => this.#slots.giveUp(right))
      throw cause
    }
  }

  #state(slot: string, at: Position, value: T | null): SlotState {
    const { seal, codec } = this.#o
    if (value === null) return sealed(seal, slot, { kind: 'absent', at, payload: '' })
    const kind = codec.terminal(value) ? 'terminal' : 'value'
    return sealed(seal, slot, { kind, at, payload: codec.encode(value) })
  }

  /** Its life in the tier began when SQL was asked, so that lifetimes never add up. */
  async #fill(right: FillRight, state: SlotState, sentMono: number): Promise<void> {
    const life = state.kind === 'absent' ? this.#o.absentMs : this.#o.positiveMs
    const ttlMs = sentMono + life * (1 - this.#o.random() / 10) - this.#o.clock.mono()
    if (ttlMs >= 1) await this.#try('fill', () => this.#slots.fill(right, state, Math.floor(ttlMs)))
  }

  /** The shared tier may fail at any time; then the way goes on without it. */
  async #try<R>(operation: 'enter' | 'replace' | 'fill' | 'give-up', work: () => Promise<R>): Promise<R | undefined> {
    try {
      const result = await work()
      this.#o.onEvent?.({ kind: 'tier', operation, outcome: 'ok' })
      return result
    } catch {
      this.#o.onEvent?.({ kind: 'tier', operation, outcome: 'failed' })
      return undefined
    }
  }
}
