import { createHash } from 'node:crypto'
import { settled } from '../../src/testing/virtual-clock.ts'
import { befall } from './faults.ts'
import { heal } from './healing.ts'
import type { Profile } from './profile.ts'
import type { Subject } from './subject.ts'
import { work } from './workload.ts'
import { World } from './world.ts'

export interface Outcome {
  readonly seed: number
  /** Of the order of events alone: times and seeds are no part of it. */
  readonly hash: string
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  /** Real time of each line of the trace. */
  readonly moments: readonly number[]
}

/** One run: a world, and a dice that decides what happens next. */
export async function explore(subject: Subject, seed: number): Promise<Outcome> {
  const world = new World(subject, seed)
  const { violations } = world.oracle
  for (let place = 0; place < 3; place++) world.boot(place)
  for (let step = 0; step < world.profile.steps && violations.length === 0; step++) {
    takeStep(world)
    await settled()
  }
  if (world.profile.heals && violations.length === 0) await heal(world)
  for (const machine of world.machines) world.bury(machine)
  const hash = createHash('sha256').update(world.trace.join('\n')).digest('hex').slice(0, 24)
  return { seed, hash, violations, trace: world.trace, moments: world.moments }
}

function takeStep(world: World): void {
  const { random, profile } = world
  if (profile.faults.length > 0 && random.between(1, profile.calm) === 1) befall(world)
  else steps[drawStep(world, profile.weights)](world)
}

function drawStep({ random }: World, weights: Profile['weights']): keyof typeof steps {
  let dice = random.between(1, weights.deliver + weights.timer + weights.time + weights.work)
  for (const kind of ['work', 'time', 'timer'] as const) {
    if (dice <= weights[kind]) return kind
    dice -= weights[kind]
  }
  return 'deliver'
}

const steps = { work, time: passTime, timer: fireTimer, deliver } as const

function deliver(world: World): void {
  const { parcels } = world.network
  for (let attempt = 0; attempt < 3 && parcels.length > 0; attempt++) {
    const parcel = world.random.pick(parcels)
    if (!world.canMove(parcel)) continue
    world.move(parcel)
    return
  }
  fireTimer(world)
}

function fireTimer(world: World): void {
  const due = world.running.filter(({ clock }) => clock.nextDueMs === 0)
  if (due.length === 0) {
    passTime(world)
    return
  }
  const machine = world.random.pick(due)
  world.say(`${machine.id} timer`)
  machine.clock.fire()
}

function passTime(world: World): void {
  const { random, time } = world
  const dice = random.next()
  if (dice < 0.55) time.nowMs += random.between(1, 8)
  else if (dice < 0.85) time.nowMs += Math.min(50, ...world.running.map(({ clock }) => clock.nextDueMs ?? 50))
  else if (dice < 0.95) time.nowMs += random.between(20, 60)
  else time.nowMs += random.pick([60, 119, 120, 121, 280])
  world.say('time')
}
