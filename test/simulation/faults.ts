import type { Parcel } from '../../src/testing/simulated-network.ts'
import type { Machine } from './machine.ts'
import type { FaultKind } from './profile.ts'
import { codec, credentialIn, keyIn, slots } from './truth.ts'
import { change } from './workload.ts'
import type { World } from './world.ts'

type Deed = (world: World) => void

/** One fault of those that this run has drawn. */
export function befall(world: World): void {
  const kind = world.random.pick(world.profile.faults)
  deeds[kind](world)
}

const deeds: Readonly<Record<FaultKind, Deed>> = {
  'sql-fails': (world) => lose(world, 'sql'),
  'tier-fails': (world) => lose(world, 'tier'),
  'push-fails': (world) => {
    const parcel = any(world, (one) => one.what.startsWith('push'))
    if (!parcel) return
    const twice = world.random.chance(0.3)
    world.say(`${twice ? 'double' : 'lose'} ${parcel.from}>${parcel.to} ${parcel.what}`)
    if (twice) world.network.post(parcel.from, parcel.to, parcel.what, () => parcel.step())
    else world.network.forget(parcel)
  },
  crash: (world) => {
    const machine = someone(world, 'running')
    if (!machine) return
    world.say(`crash ${machine.id}`)
    world.bury(machine)
    world.boot(machine.place)
  },
  stop: (world) => {
    const machine = someone(world, 'running')
    if (!machine || world.random.chance(0.5)) return
    world.say(`stop ${machine.id}`)
    machine.follower
      .stop()
      .catch(() => {})
      .finally(() => {
        if (machine.state === 'dead') return
        world.bury(machine)
        world.boot(machine.place)
      })
  },
  suspend: (world) => freezeOrThaw(world, true),
  pause: (world) => freezeOrThaw(world, false),
  'wall-step': (world) => {
    const machine = someone(world, 'running')
    if (!machine) return
    const ms = world.random.pick([-3_600_000, -1000, -100, -20, 20, 100, 1000, 3_600_000])
    world.say(`wall ${machine.id} ${ms}`)
    machine.clock.stepWall(ms)
    // Some check looks at the clocks before the next fault: a step and a pause in one and the same moment cannot be told apart.
    machine.lease.isLive()
  },
  'cut-sql': (world) => cutOrMend(world, 'sql'),
  'cut-tier': (world) => cutOrMend(world, 'tier'),
  'sql-failover': (world) => {
    if (world.random.chance(0.6)) return
    const lost = world.random.between(0, 4)
    world.say(`sql failover ${lost}`)
    world.sql.failOver(lost)
    world.oracle.failovers++
    world.oracle.note(world.sql.rows, world.time.nowMs)
    // The old primary is gone, and with it every request that it had not answered.
    for (const parcel of [...world.network.parcels]) {
      if (parcel.to !== 'sql' || parcel.stage === 'reply') continue
      parcel.fail(new world.subject.fault.Fault('store.unavailable'))
      world.network.forget(parcel)
    }
    if (world.random.chance(0.5)) changeAtOnce(world)
  },
  'lost-life': (world) => {
    const { sql, tier, oracle, time, focus } = world
    const key = keyIn(sql.rows, focus)
    if (!key || key.state === 'revoked') return
    world.say(`lost life ${focus}`)
    // A node that is no more changed a key, filled its slot and died; then SQL lost all of it but the slot.
    const state = key.state === 'active' ? 'disabled' : 'active'
    const change = { subjects: [`key:${key.keyId}`], restricts: true }
    const at = sql.commit({ [focus]: { ...key, state } }, change)
    oracle.note(sql.rows, time.nowMs)
    const value = credentialIn(sql.rows, focus, time.nowMs)
    const payload = value ? codec.encode(value) : ''
    void tier.evict(focus).then(() => tier.merge(focus, { kind: 'value', at, payload }, world.profile.positiveMs))
    sql.failOver(1)
    oracle.failovers++
    oracle.note(sql.rows, time.nowMs)
  },
  'tier-failover': (world) => {
    world.say('tier failover')
    void world.tier.failOver(world.random.between(0, 12))
  },
  'tier-flush': (world) => {
    if (world.random.chance(0.3)) {
      world.say('tier flush')
      world.tier.flush()
    } else {
      const slot = world.random.pick(slots)
      world.say(`tier evict ${slot}`)
      void world.tier.evict(slot)
    }
  },
  trim: (world) => {
    world.say('trim')
    world.sql.trim(world.random.between(1, 3))
  },
  reap: (world) => {
    const machine = someone(world, 'running')
    if (!machine) return
    world.say(`reap by ${machine.id}`)
    world.network.post(machine.id, 'sql', 'nodes.reap', () => void world.sql.reap(250))
  },
}

/** Before any node has noticed: then numbers that were lost are handed out again. */
function changeAtOnce(world: World): void {
  const machine = someone(world, 'running')
  if (!machine || world.cuts.has(`${machine.id}>sql`)) return
  change(world, machine)
  for (const stage of ['request', 'reply']) {
    const parcel = any(world, (one) => one.what.startsWith('commit') && one.from === machine.id && one.stage === stage)
    if (parcel) world.move(parcel)
  }
}

function lose(world: World, server: 'sql' | 'tier'): void {
  const parcel = any(world, (one) => one.to === server && !one.orphan)
  if (!parcel) return
  world.say(`fail ${parcel.from}>${parcel.to} ${parcel.what} ${parcel.stage}`)
  const { Fault } = world.subject.fault
  parcel.fail(new Fault(server === 'sql' ? 'store.unavailable' : 'tier.unavailable'))
  if (world.random.chance(0.5)) world.network.forget(parcel)
}

function cutOrMend(world: World, server: 'sql' | 'tier'): void {
  const machine = world.random.pick(world.machines)
  const link = `${machine.id}>${server}`
  const mends = world.cuts.has(link)
  world.say(`${mends ? 'mend' : 'cut'} ${link}`)
  if (mends) world.cuts.delete(link)
  else world.cuts.add(link)
}

function freezeOrThaw(world: World, suspended: boolean): void {
  const frozen = someone(world, 'frozen')
  if (frozen && world.random.chance(0.7)) {
    world.say(`thaw ${frozen.id}`)
    frozen.clock.resume()
    frozen.state = 'running'
    return
  }
  const machine = someone(world, 'running')
  if (!machine) return
  world.say(`${suspended ? 'suspend' : 'pause'} ${machine.id}`)
  machine.state = 'frozen'
  if (!suspended) return
  machine.clock.suspend()
  machine.wasSuspended = true
}

function someone(world: World, state: Machine['state']): Machine | undefined {
  const those = world.machines.filter((machine) => machine.state === state)
  return those.length > 0 ? world.random.pick(those) : undefined
}

function any(world: World, fits: (parcel: Parcel) => boolean): Parcel | undefined {
  const those = world.network.parcels.filter(fits)
  return those.length > 0 ? world.random.pick(those) : undefined
}
