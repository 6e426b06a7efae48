import { SeededRandom } from '../../src/testing/seeded-random.ts'
import { type Parcel, SimulatedNetwork } from '../../src/testing/simulated-network.ts'
import type { SimulatedBus } from '../../src/testing/simulated-ports.ts'
import type { SimulatedSql } from '../../src/testing/simulated-sql.ts'
import type { SimulatedTier } from '../../src/testing/simulated-tier.ts'
import type { VirtualTime } from '../../src/testing/virtual-clock.ts'
import { createMachine, type Machine } from './machine.ts'
import { Oracle } from './oracle.ts'
import { drawProfile, type Profile } from './profile.ts'
import type { Subject } from './subject.ts'
import { type Credential, credentialIn, firstRows, type Row, slots } from './truth.ts'

/** Three machines, one SQL, one shared tier, and a dice that decides what happens next. */
export class World {
  readonly subject: Subject
  readonly random: SeededRandom
  readonly profile: Profile
  readonly time: VirtualTime = { nowMs: 0 }
  readonly network = new SimulatedNetwork()
  readonly oracle = new Oracle()
  readonly sql: SimulatedSql<Row>
  readonly tier: SimulatedTier
  readonly bus: SimulatedBus
  readonly focus: string
  machines: Machine[] = []
  /** Links that carry nothing now, as `machine>server`. */
  readonly cuts = new Set<string>()
  readonly trace: string[] = []
  /** Real time of each line of the trace. */
  readonly moments: number[] = []
  lives = 0

  constructor(subject: Subject, seed: number) {
    this.subject = subject
    this.random = new SeededRandom(seed)
    this.profile = drawProfile(this.random)
    this.focus = this.random.pick(slots)
    this.sql = new subject.sql.SimulatedSql<Row>(() => this.time.nowMs, this.random.next, firstRows)
    this.tier = new subject.tier.SimulatedTier(this.time, (what) => this.oracle.breach(what))
    this.bus = new subject.ports.SimulatedBus(this.network)
    this.oracle.note(this.sql.rows, 0)
  }

  say(what: string): void {
    this.trace.push(what)
    this.moments.push(this.time.nowMs)
  }

  get running(): Machine[] {
    return this.machines.filter(({ state }) => state === 'running')
  }

  /** A new life at a place; it begins when SQL lets it. */
  boot(place: number): Machine {
    const machine = createMachine(this, place, ++this.lives)
    this.machines = [...this.machines.filter((other) => other.place !== place), machine]
    this.say(`boot ${machine.id}`)
    const begin = async () => {
      await machine.receipts.start()
      while (machine.state !== 'dead') {
        const started = await machine.follower.start().then(
          () => true,
          () => false,
        )
        if (started) return
        await new Promise<void>((resolve) => machine.clock.after(20, resolve))
      }
    }
    void begin()
    return machine
  }

  /** No step and no reply any more; what it sent may still arrive. */
  bury(machine: Machine): void {
    machine.state = 'dead'
    machine.follower.halt()
    machine.receipts.stop()
  }

  /** One query at the source, counted. */
  async load(machine: Machine, slot: string, signal: AbortSignal) {
    const running = (machine.loading.get(slot) ?? 0) + 1
    // A refresh ahead of expiry may meet a load; two loads, or two refreshes, may not meet.
    if (running > 2) this.oracle.breach(`${machine.id} ${slot}: ${running} loads at once`)
    machine.loading.set(slot, running)
    machine.loaded.set(slot, (machine.loaded.get(slot) ?? 0) + 1)
    try {
      return await this.network.call(
        machine.id,
        'sql',
        `load ${slot}`,
        () => ({ at: this.sql.head, value: credentialIn(this.sql.rows, slot, this.time.nowMs) as Credential | null }),
        signal,
      )
    } finally {
      machine.loading.set(slot, (machine.loading.get(slot) ?? 1) - 1)
    }
  }

  machineOf(id: string): Machine | undefined {
    return this.machines.find((machine) => machine.id === id)
  }

  /** Whether the parcel's next step could happen now: links, and machines that take no step. */
  canMove(parcel: Parcel): boolean {
    const receiver = parcel.stage === 'reply' ? parcel.from : parcel.to
    const machine = this.machineOf(receiver)
    if (machine && machine.state === 'frozen') return false
    return !this.cuts.has(`${parcel.from}>${parcel.to}`)
  }

  move(parcel: Parcel): void {
    this.say(`${parcel.from}>${parcel.to} ${parcel.what} ${parcel.stage}`)
    const receiver = parcel.stage === 'reply' ? parcel.from : parcel.to
    if (receiver.startsWith('n') && this.machineOf(receiver)?.state !== 'running') this.network.forget(parcel)
    else this.#watched(() => parcel.step())
  }

  /** A fork is a change of SQL too. */
  #watched(act: () => void): void {
    const before = this.sql.commits
    act()
    if (this.sql.commits !== before) this.oracle.note(this.sql.rows, this.time.nowMs)
  }
}
