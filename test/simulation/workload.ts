import type { Position } from '../../src/cache/index.ts'
import type { Machine } from './machine.ts'
import { times } from './profile.ts'
import { faceOf, keyIn, newKey, type Row, type Rows, slots } from './truth.ts'
import type { World } from './world.ts'

/** Somebody asks for a key, or changes something. */
export function work(world: World): void {
  const { random } = world
  const { running } = world
  if (running.length === 0) return
  const machine = random.pick(running)
  if (random.chance(world.profile.changes)) {
    change(world, machine)
    return
  }
  const slot = random.chance(world.profile.focus) ? world.focus : random.pick(slots)
  if (random.chance(0.3)) peek(world, machine, slot)
  else void read(world, machine, slot)
}

function peek(world: World, machine: Machine, slot: string): void {
  const entry = machine.cache.peek(`key-${slot}`)
  world.say(`${machine.id} peek ${slot} ${entry ? faceOf(entry.value) : 'nothing'}`)
  if (!entry) return
  const ageMs = Math.max(0, machine.clock.mono() - entry.readMono)
  const reading = { value: entry.value, condemned: false, seq: entry.seq, tier: 'L1', ageMs, degraded: false } as const
  const asked = world.oracle.ask(slot, world.time.nowMs)
  world.oracle.judge(machine, asked, reading, world.time.nowMs)
}

/** Answers with what the caller got, `undefined` if that was a failure. */
export async function read(world: World, machine: Machine, slot: string): Promise<string | undefined> {
  const asked = world.oracle.ask(slot, world.time.nowMs)
  const loadedBefore = machine.loaded.get(slot) ?? 0
  const orderBefore = world.oracle.order
  machine.open++
  world.say(`${machine.id} ask ${slot}`)
  try {
    const reading = await machine.cache.read(`key-${slot}`, slot)
    if (machine.state === 'dead') return undefined
    const face = faceOf(reading.value)
    world.say(`${machine.id} got ${slot} ${reading.tier} ${reading.degraded ? 'degraded ' : ''}${face}`)
    world.oracle.judge(machine, asked, reading, world.time.nowMs)
    return reading.condemned ? 'condemned' : face
  } catch (error) {
    if (machine.state === 'dead') return undefined
    const code = error instanceof world.subject.fault.Fault ? error.code : String(error)
    world.say(`${machine.id} no ${slot} ${code}`)
    if (!allowedFaults.has(code)) world.oracle.breach(`${machine.id} ${slot}: threw ${code}`)
    return undefined
  } finally {
    machine.open--
    const loads = (machine.loaded.get(slot) ?? 0) - loadedBefore
    // Others may load in between, and each change may cost one more; a loop costs more than that.
    const allowed = 6 + 2 * (world.oracle.order - orderBefore)
    if (loads > allowed) world.oracle.breach(`${machine.id} ${slot}: ${loads} loads during one read`)
  }
}

const allowedFaults: ReadonlySet<string> = new Set(['store.unavailable', 'check.budget', 'check.overloaded'])

interface Change {
  readonly rows: Readonly<Record<string, Row>>
  readonly subjects: readonly string[]
  readonly terminal?: boolean
  readonly restricts: boolean
}

/** Worked out from what SQL holds when it is carried out; `undefined` where there is nothing to change. */
type Operation = (rows: Rows, order: number) => Change | undefined

export function change(world: World, machine: Machine): void {
  const { random, profile } = world
  const slot = random.chance(profile.focus) ? world.focus : random.pick(slots)
  const subject = random.chance(0.7) ? `digest:${slot}` : 'absent'
  const wide = random.chance(0.1)
  const operation = random.pick(
    random.chance(profile.ends) ? [revoke(slot)] : [able(slot, wide), suspend(slot), rotate(slot, random.chance(0.7))],
  )
  const what = `change ${slot}`
  void carryOut(world, machine, what, (rows, order) =>
    keyIn(rows, slot) ? operation(rows, order) : create(slot, subject, order),
  )
}

/** All halves of a rotation end with their key. */
function revoke(slot: string): Operation {
  return (rows) => {
    const key = keyIn(rows, slot)
    if (!key) return undefined
    const halves = slots.flatMap((other) => {
      const half = keyIn(rows, other)
      return half?.keyId === key.keyId ? [[other, { ...half, state: 'revoked' as const }]] : []
    })
    return { rows: Object.fromEntries(halves), subjects: [`key:${key.keyId}`], terminal: true, restricts: true }
  }
}

function able(slot: string, wide: boolean): Operation {
  return (rows) => {
    const key = keyIn(rows, slot)
    if (!key || key.state === 'revoked') return undefined
    const state = key.state === 'active' ? 'disabled' : 'active'
    return { rows: { [slot]: { ...key, state } }, subjects: wide ? ['all'] : [`key:${key.keyId}`], restricts: true }
  }
}

function suspend(slot: string): Operation {
  return (rows) => {
    const tenantId = slot.slice(0, 1)
    const tenant = rows[tenantId]
    const tenantState = tenant && 'tenantState' in tenant && tenant.tenantState === 'active' ? 'suspended' : 'active'
    return { rows: { [tenantId]: { tenantState } }, subjects: [`tenant:${tenantId}`], restricts: true }
  }
}

/** A second digest for the same key, where one is free; the first ends, unless its grace goes on. */
function rotate(slot: string, rotatedOut: boolean): Operation {
  return (rows) => {
    const key = keyIn(rows, slot)
    const free = slots.find((other) => other[0] === slot[0] && rows[other] === null)
    if (!key || !free || key.rotatedOut || key.state === 'revoked') return undefined
    const subjects = [`key:${key.keyId}`, `digest:${free}`]
    return { rows: { [slot]: { ...key, rotatedOut }, [free]: key }, subjects, restricts: true }
  }
}

/** Also what an import does: the only changes that cannot restrict. */
function create(slot: string, subject: string, order: number): Change {
  return { rows: { [slot]: newKey(`k-${slot}-${order}`, slot) }, subjects: [subject], restricts: false }
}

/** Commit, shared tier, word to the nodes, receipt; in another order too, and dying anywhere: no promise may need it. */
async function carryOut(world: World, machine: Machine, what: string, operation: Operation): Promise<void> {
  const { random, oracle, subject } = world
  world.say(`${machine.id} ${what}`)
  const waitMs = random.chance(0.7) ? random.pick([100, 300, 600]) : 0
  const announcesFirst = random.chance(0.3)
  try {
    const done = await world.network.call(machine.id, 'sql', `commit ${what}`, () => commit(world, operation))
    if (!done) return
    const { change, position, order } = done
    const committed = { ...position, committedAtMs: machine.clock.wall(), knownMono: machine.clock.mono() }
    const condemn = () => (change.terminal ? endInTier(world, machine, Object.keys(change.rows), position) : undefined)
    if (!announcesFirst) await condemn()
    await Promise.all([machine.receipts.announce(position.seq, waitMs > 0), announcesFirst && condemn()])
    const receipt = await machine.receipts.receipt(committed, waitMs)
    if (machine.state === 'dead') return
    world.say(`${machine.id} receipt ${what} ${receipt.complete ? 'complete' : 'open'}`)
    if (receipt.complete && change.restricts) oracle.complete(done.touched, order)
    const waitedMs = machine.clock.mono() - committed.knownMono
    const boundMs = times.leaseMs + Math.max(...world.profile.graces)
    if (!receipt.complete && waitedMs > boundMs + 1) oracle.breach(`${machine.id} receipt open after ${waitedMs} ms`)
  } catch (error) {
    if (!(error instanceof subject.fault.Fault)) oracle.breach(`${machine.id} ${what}: threw ${String(error)}`)
  }
}

/** One transaction. `order` is the number that the oracle gives to this change. */
function commit(world: World, operation: Operation) {
  const { sql, oracle } = world
  const order = oracle.order + 1
  const change = operation(sql.rows, order)
  if (!change) return undefined
  const { rows, ...mark } = change
  const position = sql.commit(rows, mark)
  return { change, position, order, touched: slots.filter((slot) => touches(sql.rows, mark, slot)) }
}

function endInTier(world: World, machine: Machine, ended: readonly string[], at: Position): Promise<unknown> {
  const state = { kind: 'terminal', at, payload: '' } as const
  return Promise.allSettled(ended.map((slot) => machine.tier.merge(slot, state, world.profile.positiveMs)))
}

function touches(rows: Rows, { subjects }: { readonly subjects: readonly string[] }, slot: string): boolean {
  const key = keyIn(rows, slot)
  return subjects.some((one) => one === 'all' || one === `tenant:${slot[0]}` || one === `key:${key?.keyId}`)
}
