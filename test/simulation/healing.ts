import { settled } from '../../src/testing/virtual-clock.ts'
import { times } from './profile.ts'
import { credentialIn, faceOf, slots } from './truth.ts'
import { read } from './workload.ts'
import type { World } from './world.ts'

/** Everything works again: then every lease must live again, and every key be judged as it stands, without a failure. */
export async function heal(world: World): Promise<void> {
  world.say('heal')
  world.cuts.clear()
  for (const machine of world.machines) {
    machine.clock.resume()
    if (machine.state === 'frozen') machine.state = 'running'
    if (machine.state === 'dead') world.boot(machine.place)
  }
  // Whatever hung is given up or answered, and one whole beat passes; the tier's guard may rest for two seconds.
  await pass(world, 2 * times.beatTimeoutMs + 2 * world.profile.beatMs + times.leaseMs)
  for (const { id, lease } of world.machines)
    if (!lease.isLive()) world.oracle.breach(`${id}: no lease after all healed`)
  await pass(world, times.budgetMs)
  for (const machine of world.machines) {
    for (const slot of slots) void ask(world, machine, slot)
  }
  await pass(world, 100)
  if (world.oracle.violations.length > 0) return
  await pass(world, 2 * times.budgetMs + 700)
  for (const { id, open } of world.machines) if (open > 0) world.oracle.breach(`${id}: ${open} reads never ended`)
}

async function ask(world: World, machine: World['machines'][number], slot: string): Promise<void> {
  const face = await read(world, machine, slot)
  const truth = faceOf(credentialIn(world.sql.rows, slot, 0))
  if (machine.state === 'dead') return
  if (face === undefined) world.oracle.breach(`${machine.id} ${slot}: no answer though all is well`)
  // A key whose end SQL lost again stays ended where that end was known: nobody is let in by a loss.
  else if (face !== truth && !(face === 'condemned' && (truth.includes('revoked') || world.oracle.failovers > 0)))
    world.oracle.breach(`${machine.id} ${slot}: ${face} though SQL says ${truth}`)
}

/** Time goes on in small steps, and all that can happen happens at once, oldest first. */
export async function pass(world: World, ms: number): Promise<void> {
  const endMs = world.time.nowMs + ms
  while (world.time.nowMs < endMs && world.oracle.violations.length === 0) {
    for (let moves = 0; moves < 400; moves++) {
      const machine = world.running.find(({ clock }) => clock.nextDueMs === 0)
      const parcel = world.network.parcels.find((one) => world.canMove(one))
      if (parcel) world.move(parcel)
      else if (machine) machine.clock.fire()
      else break
      await settled()
    }
    const next = Math.min(20, ...world.running.map(({ clock }) => clock.nextDueMs ?? 20))
    world.time.nowMs += Math.max(1, next)
  }
}
