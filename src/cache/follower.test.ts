import { expect, test } from 'vitest'
import { SimulatedHouse, simulatedNode } from '../testing/simulated-node.ts'

async function started(graceMs = 0) {
  const house = new SimulatedHouse({ a: 'a 1' })
  const node = simulatedNode(house, { graceMs })
  const start = node.follower.start()
  await house.deliver()
  await start
  return { house, node }
}

test('a node stands registered before it holds its first lease', async () => {
  const house = new SimulatedHouse({})
  const node = simulatedNode(house)
  const start = node.follower.start()
  await house.deliver((what) => what === 'nodes.register')
  expect(node.lease.isLive()).toBe(false)
  await house.deliver()
  await start
  expect(house.sql.list().map(({ id }) => id)).toEqual(['n1'])
  expect(node.lease.isLive()).toBe(true)
})

test('a beat applies what is new, and confirms what can restrict', async () => {
  const { house, node } = await started()
  const at = house.change('a', 'a 2')
  const beat = node.follower.beat()
  await house.deliver()
  await beat
  expect(node.follower.position).toMatchObject(at)
  expect(node.floors.standing(['key:a'], at.seq - 1)).toBe('outdated')
  await house.clock.advance(1000)
  await house.deliver()
  expect(house.sql.list()[0]?.appliedSeq).toBe(at.seq)
})

test('what moves fast is confirmed as one, at once where the node was quiet', async () => {
  const { house, node } = await started()
  await house.clock.advance(1000)
  await house.deliver()
  const confirmed = async () => {
    const beat = node.follower.beat()
    await house.deliver()
    await beat
    return house.sql.list()[0]?.appliedSeq
  }
  const first = house.change('a', 'a 2')
  expect(await confirmed()).toBe(first.seq)
  for (const value of ['a 3', 'a 4', 'a 5']) {
    house.change('a', value)
    expect(await confirmed()).toBe(first.seq)
  }
  await house.clock.advance(1000)
  await house.deliver()
  expect(house.sql.list()[0]?.appliedSeq).toBe(first.seq + 3)
})

test('a load may take longer than a beat, and is not begun again', async () => {
  const house = new SimulatedHouse({ a: 'a 1' })
  const node = simulatedNode(house)
  const start = node.follower.start()
  await house.deliver((what) => what === 'log.snapshot')
  await house.clock.advance(5000)
  expect(house.network.parcels.filter(({ what }) => what === 'log.snapshot')).toHaveLength(1)
  await house.deliver()
  await start
  expect(node.lease.isLive()).toBe(true)
})

test('a beat that is asked for while one is under way is sent after it, and shared', async () => {
  const { house, node } = await started()
  const first = node.follower.beat()
  await house.deliver((what) => what === 'log.read')
  const later = [node.follower.beat(), node.follower.beat()]
  expect(later[0]).toBe(later[1])
  const [read] = house.network.parcels
  read?.step()
  const at = house.change('a', 'a 2')
  await house.deliver()
  await Promise.all([first, ...later])
  expect(node.follower.position).toMatchObject(at)
})

test('a beat without an answer is given up, and its late answer renews nothing', async () => {
  const { house, node } = await started()
  await house.clock.advance(250)
  await house.clock.advance(1000)
  expect(node.follower.failing).toBe(true)
  expect(node.lease.isLive()).toBe(false)
  node.follower.halt()
  await house.deliver()
  expect(node.lease.isLive()).toBe(false)
})

test('a history that lost what this node applied is forked, and nothing of it is believed again', async () => {
  const { house, node } = await started(5000)
  house.change('a', 'a 2')
  const first = node.follower.beat()
  await house.deliver()
  await first
  const lost = node.follower.position
  house.sql.failOver(1)
  house.change('b', 'b 1')
  const second = node.follower.beat()
  await house.deliver()
  await second
  expect(node.follower.position?.seq).toBeGreaterThan(2 ** 32)
  expect(node.floors.standing(['key:a'], lost?.seq ?? 0)).toBe('outdated')
  expect(lost && node.history.place(lost)).toBe('unknown')
  expect(node.lease.isLive()).toBe(true)
})

test('a log that goes back again while it is loaded gives no lease', async () => {
  const { house, node } = await started()
  house.change('a', 'a 2')
  house.change('a', 'a 3')
  const first = node.follower.beat()
  await house.deliver()
  await first
  house.sql.failOver(2)
  house.change('b', 'b 1')
  const second = node.follower.beat()
  second.catch(() => {})
  await house.deliver((what) => what === 'log.snapshot')
  house.sql.failOver(2)
  await house.deliver()
  await expect(second).rejects.toMatchObject({ code: 'store.unavailable' })
  expect([node.lease.isLive(), node.lease.isInGrace()]).toEqual([false, false])
})

test('rows that were trimmed are no reason to believe: everything is loaded anew', async () => {
  const { house, node } = await started()
  for (const version of [2, 3, 4]) house.change('a', `a ${version}`)
  house.sql.trim(1)
  const beat = node.follower.beat()
  await house.deliver()
  await beat
  expect(node.floors.standing(['key:other'], 2)).toBe('outdated')
  expect(node.follower.position).toMatchObject(house.sql.head)
})

test('a node that was struck off registers before its lease is renewed', async () => {
  const { house, node } = await started()
  house.time.nowMs += 100_000
  expect(house.sql.reap(0)).toEqual(['n1'])
  const beat = node.follower.beat()
  await house.deliver()
  await beat
  expect(house.sql.list()).toMatchObject([{ id: 'n1', leftAtMs: null }])
  expect(node.lease.isLive()).toBe(true)
})

test('a node that stops gives up its lease before it leaves, and beats no more', async () => {
  const { house, node } = await started()
  const stopping = node.follower.stop()
  await house.deliver((what) => what === 'nodes.leave')
  expect(node.lease.isLive()).toBe(false)
  await house.deliver()
  await stopping
  expect(house.sql.list()).toEqual([])
  await house.clock.advance(2000)
  expect(house.network.parcels).toEqual([])
  expect(house.clock.pending).toBe(0)
})
