import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import type { Entry } from './entry.ts'
import { Flights } from './flights.ts'
import type { Floors } from './floors.ts'
import type { Follower } from './follower.ts'
import type { Lease } from './lease.ts'
import { type Loaded, Loader } from './loader.ts'
import { LocalEntries } from './local-entries.ts'
import type { CacheFigures, Reading, TieredCacheOptions } from './tiered-cache-options.ts'

/**
 * Three tiers and one rule. An answer is given only if, at the last synchronous moment before it is given,
 *
 *   1. nothing that the entry hangs on has changed since SQL was read for it (floors), and
 *   2. this node knows the log up to a moment at most D ago (lease), or SQL was read after the caller asked.
 *
 * Everything else is speed. L1 is a map; L2 may lose, repeat or resurrect whatever it likes, because what comes out of
 * it is judged by the same rule; single flight may hand a caller a load that began before the caller came, because the
 * caller judges it again. So there is one place where a revoked key could slip through, `#judge`, and it is short.
 *
 * When the lease has lapsed and cannot be renewed, entries that stood when it lapsed may be served for a declared
 * grace, marked as degraded. Absence is never served so: an outage must not look like a wrong key.
 */
export class TieredCache<T> {
  readonly #clock: Clock
  readonly #floors: Floors
  readonly #lease: Lease
  readonly #follower: Follower
  readonly #loader: Loader<T>
  readonly #flights = new Flights<Loaded<T>>()
  readonly #budgetMs: number
  readonly #entries: LocalEntries<T>
  /** Preloaded entries, by slot: the key under which a caller will ask for them is not known yet. */
  readonly #warm: LocalEntries<T>
  /** Absence has its own bounded memory, so that unknown keys cannot push out real ones. */
  readonly #absent: LocalEntries<T>
  readonly figures: CacheFigures = { joined: 0, refreshed: 0 }

  constructor(options: TieredCacheOptions<T>) {
    this.#clock = options.clock
    this.#floors = options.floors
    this.#lease = options.lease
    this.#follower = options.follower
    this.#budgetMs = options.budgetMs
    this.#loader = new Loader(options)
    this.#entries = new LocalEntries(options.entryLimit)
    this.#warm = new LocalEntries(options.entryLimit)
    this.#absent = new LocalEntries(options.absentLimit)
  }

  get sizes(): { readonly entries: number; readonly warm: number; readonly absent: number; readonly flights: number } {
    return {
      entries: this.#entries.size,
      warm: this.#warm.size,
      absent: this.#absent.size,
      flights: this.#flights.size,
    }
  }

  /**
   * The hot path: synchronous, allocates nothing, and answers only what needs no second look. A caller that needs the
   * time as well hands in its own readings, so that each clock is read once; they are of this very moment: nothing is
   * awaited between reading them and giving the answer.
   */
  peek(key: string, nowMono = this.#clock.mono(), nowWall = this.#clock.wall()): Entry<T> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.revision !== this.#floors.revision && !this.#stillStands(entry)) return undefined
    if (nowMono >= entry.freshUntil || this.#lease.elapsed(nowMono, nowWall) >= this.#lease.leaseMs) return undefined
    if (!entry.used) entry.used = true
    if (nowMono >= entry.refreshFrom) this.#refresh(key, entry)
    return entry
  }

  /**
   * The whole read. `key` names the entry in this process, `slot` everywhere else. Answers within the budget or
   * throws: `store.unavailable`, `check.overloaded`, `check.budget`. `deadlineMono`: for a caller whose budget began
   * before it came here.
   */
  async read(key: string, slot: string, deadlineMono?: number): Promise<Reading<T>> {
    const startedMono = this.#clock.mono()
    const deadline = deadlineMono ?? startedMono + this.#budgetMs
    for (;;) {
      await this.isCurrent(deadline)
      const known = this.#fromMemory(key, slot)
      if (known) return known
      const flown = await this.#load(key, slot, deadline)
      if (!flown) continue
      const { loaded, joined } = flown
      // Who joined in the very moment of sending may have come after it: the clock stands still in a suspended machine.
      const readAfterAsked = joined ? loaded.sentMono > startedMono : loaded.tier === 'L3'
      const reading = this.#judge(loaded.entry, loaded.tier, readAfterAsked, loaded.passing)
      if (reading) return reading
      if (this.#clock.mono() >= deadline) throw new Fault('check.budget')
      // SQL and this node's log are at odds: one beat settles it, where another query would only be another query.
      if (readAfterAsked) await within(this.#clock, deadline, this.#follower.beat())
    }
  }

  /** Whether this process has a value for the key that still stands: to read it asks nobody who could be overrun. */
  holds(key: string, slot: string): boolean {
    const entry = this.#entries.get(key) ?? this.#warm.get(slot)
    return entry !== undefined && this.#floors.standing(entry.subjects, entry.seq) !== 'outdated'
  }

  get isLive(): boolean {
    return this.#lease.isLive()
  }

  /**
   * Whether the node knows the log up to now. Waits for a beat where it does not, unless beats are known to fail: then
   * nobody waits for what will not come.
   */
  async isCurrent(deadlineMono: number): Promise<boolean> {
    if (this.#lease.isLive()) return true
    if (!this.#follower.failing) await within(this.#clock, deadlineMono, this.#follower.beat()).catch(() => {})
    return this.#lease.isLive()
  }

  /** Puts entries in memory that were read ahead of need. */
  preload(loads: readonly Loaded<T>[]): void {
    for (const { entry } of loads) this.#warm.set(entry.slot, entry)
  }

  /** Forgets everything in this process; the tiers behind it are judged as ever. */
  clear(): void {
    this.#entries.clear()
    this.#warm.clear()
    this.#absent.clear()
  }

  get loader(): Loader<T> {
    return this.#loader
  }

  #fromMemory(key: string, slot: string): Reading<T> | undefined {
    const entry = this.#entries.get(key) ?? this.#adopt(key, slot) ?? this.#absent.get(slot)
    if (!entry) return undefined
    entry.used = true
    const fresh = this.#clock.mono() < entry.freshUntil
    // Past its life an entry is asked for again, unless only grace is left: then what is known is all there is.
    if (!fresh && this.#lease.isLive() && !entry.terminal) return undefined
    return this.#judge(entry, 'L1', false)
  }

  #adopt(key: string, slot: string): Entry<T> | undefined {
    const entry = this.#warm.get(slot)
    if (!entry) return undefined
    this.#warm.delete(slot)
    this.#entries.set(key, entry)
    return entry
  }

  /**
   * One load per slot and process. The caller's own deadline holds: where the flight began with a later one the caller
   * does not wait for it, and where it ended with an earlier one, `undefined`, the caller may begin the next.
   */
  async #load(
    key: string,
    slot: string,
    deadline: number,
  ): Promise<{ loaded: Loaded<T>; joined: boolean } | undefined> {
    const { flight, joined } = this.#flights.take(slot, () => this.#fly(key, slot, deadline))
    if (!joined) return { loaded: await flight, joined }
    this.figures.joined++
    try {
      return { loaded: await within(this.#clock, deadline, flight), joined }
    } catch (cause) {
      const isOver = !(cause instanceof Fault) || cause.code !== 'check.budget' || this.#clock.mono() >= deadline
      if (isOver) throw cause
      return undefined
    }
  }

  async #fly(key: string, slot: string, deadline: number): Promise<Loaded<T>> {
    const abort = new AbortController()
    const loading = this.#loader.load(slot, deadline, abort.signal)
    try {
      const loaded = await within(this.#clock, deadline, loading)
      this.#keep(key, loaded)
      return loaded
    } catch (cause) {
      // Only what failed may have left something under way; an abort costs as much as half of what follows an answer.
      abort.abort(cause)
      throw cause
    }
  }

  #keep(key: string, { entry, passing }: Loaded<T>): void {
    if (this.#floors.standing(entry.subjects, entry.seq) !== 'stands') return
    if (passing) this.#keepInPassing(key, entry)
    else if (entry.value === null) {
      this.#entries.delete(key)
      this.#absent.set(entry.slot, entry)
    } else {
      this.#absent.delete(entry.slot)
      this.#entries.set(key, entry)
    }
  }

  /** It is newer than what is here, which goes. Of itself only the end of a key stays, for a grace that may follow. */
  #keepInPassing(key: string, entry: Entry<T>): void {
    this.#absent.delete(entry.slot)
    if (entry.terminal) this.#entries.set(key, { ...entry, terminal: false, freshUntil: entry.readMono })
    else this.#entries.delete(key)
  }

  /**
   * The rule. No await may stand between this and the answer. What is only passing has no place on this node's history,
   * so the lease says nothing of it: it is for those who asked before SQL was read, or was read after the last beat, for the grace.
   */
  #judge(entry: Entry<T>, tier: Reading<T>['tier'], readAfterAsked: boolean, passing = false): Reading<T> | undefined {
    const standing = this.#floors.standing(entry.subjects, entry.seq)
    if (standing === 'condemned') return this.#reading(entry, tier, 'condemned', false)
    if (standing === 'outdated') return undefined
    if (entry.terminal || readAfterAsked) return this.#reading(entry, tier, 'stands', false)
    if (this.#lease.isLive()) return passing ? undefined : this.#reading(entry, tier, 'stands', false)
    const tooOld = passing && entry.readMono < this.#lease.sentMono
    if (entry.value === null || tooOld || !this.#lease.isInGrace()) return undefined
    return this.#reading(entry, tier, 'stands', true)
  }

  #reading(entry: Entry<T>, tier: Reading<T>['tier'], standing: 'stands' | 'condemned', degraded: boolean): Reading<T> {
    const ageMs = Math.max(0, this.#clock.mono() - entry.readMono)
    return { value: entry.value, condemned: standing === 'condemned', seq: entry.seq, tier, ageMs, degraded }
  }

  #stillStands(entry: Entry<T>): boolean {
    const { revision } = this.#floors
    if (this.#floors.standing(entry.subjects, entry.seq) !== 'stands') return false
    entry.revision = revision
    return true
  }

  /** Ahead of its expiry, a hot entry is replaced in the background; whoever asks meanwhile gets what is there. */
  #refresh(key: string, entry: Entry<T>): void {
    entry.refreshFrom = entry.freshUntil
    const abort = new AbortController()
    this.figures.refreshed++
    within(this.#clock, this.#clock.mono() + this.#budgetMs, this.#loader.refresh(entry, abort.signal))
      .then((loaded) => {
        if (loaded && this.#entries.get(key) === entry) this.#keep(key, loaded)
      })
      // A refresh that fails costs nothing: the entry lives on to its own end, and is then asked for as any other.
      .catch(() => {})
      .finally(() => abort.abort())
  }
}

/** The promise, or `check.budget` once the deadline has come. */
function within<R>(clock: Clock, deadlineMono: number, promise: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, deadlineMono - clock.mono()), () => reject(new Fault('check.budget')))
    promise.then(resolve, reject).finally(cancel)
  })
}
