import { expect, test } from 'vitest'
import { SimulatedHouse, type SimulatedNodeOptions, simulatedNode } from '../testing/simulated-node.ts'

async function started(options: SimulatedNodeOptions = {}, house = new SimulatedHouse({ a: 'a 1' })) {
  const node = simulatedNode(house, options)
  const start = node.follower.start()
  await house.deliver()
  await start
  return { house, node }
}

const loads = (house: SimulatedHouse) => house.network.parcels.filter(({ what }) => what.startsWith('load'))

test('however many ask at once on however many nodes, SQL is asked once', async () => {
  const { house, node } = await started()
  const { node: other } = await started({ id: 'n2' }, house)
  const reads = [node, other].flatMap(({ cache }) => Array.from({ length: 500 }, () => cache.read('k', 'a')))
  await house.deliver((what) => what.startsWith('load'))
  expect(loads(house)).toHaveLength(1)
  await house.deliver()
  await house.clock.advance(100)
  await house.deliver()
  expect(new Set((await Promise.all(reads)).map(({ value }) => value))).toEqual(new Set(['a 1']))
})

test('a hit is an answer at once, until the lease has ended', async () => {
  const { house, node } = await started()
  const read = node.cache.read('k', 'a')
  await house.deliver()
  await read
  expect(node.cache.peek('k')?.value).toBe('a 1')
  house.time.nowMs += 1000
  expect(node.cache.peek('k')).toBeUndefined()
})

test('a load that read before a change is no answer after it was applied', async () => {
  const { house, node } = await started()
  const read = node.cache.read('k', 'a')
  await house.deliver((what) => what.startsWith('load'))
  loads(house)[0]?.step()
  house.change('a', 'a 2')
  const beat = node.follower.beat()
  await house.deliver((what) => what.startsWith('load'))
  await beat
  await house.deliver()
  expect((await read).value).toBe('a 2')
  expect(node.cache.peek('k')?.value).toBe('a 2')
})

test('a failing query is thrown, and nothing is remembered of it', async () => {
  const { house, node } = await started()
  const read = node.cache.read('k', 'none')
  read.catch(() => {})
  await house.deliver((what) => what.startsWith('load'))
  loads(house)[0]?.fail(new Error('away'))
  await expect(read).rejects.toThrow('away')
  expect(node.cache.sizes).toEqual({ entries: 0, warm: 0, absent: 0, flights: 0 })
})

test('in grace what is known is served and marked, absence never is, and the end of a key is', async () => {
  const { house, node } = await started(
    { graceMs: 5000, budgetMs: 600 },
    new SimulatedHouse({ a: 'a 1', r: 'r revoked' }),
  )
  for (const slot of ['a', 'r', 'none']) {
    const read = node.cache.read(slot, slot)
    await house.deliver()
    await read
  }
  await house.clock.advance(2000)
  expect(await node.cache.read('a', 'a')).toMatchObject({ value: 'a 1', degraded: true })
  expect(await node.cache.read('r', 'r')).toMatchObject({ value: 'r revoked', degraded: false })
  const absent = node.cache.read('none', 'none')
  absent.catch(() => {})
  await house.clock.advance(600)
  await expect(absent).rejects.toMatchObject({ code: 'check.budget' })
})

test('who joins a flight that ends with another caller has all of its own time', async () => {
  const { house, node } = await started({ budgetMs: 800 })
  const first = node.cache.read('k', 'a')
  first.catch(() => {})
  await house.clock.advance(700)
  const second = node.cache.read('k', 'a')
  await house.clock.advance(150)
  await expect(first).rejects.toMatchObject({ code: 'check.budget' })
  await house.deliver()
  await house.clock.advance(100)
  await house.deliver()
  expect((await second).value).toBe('a 1')
})

test('what lies beyond the applied position is not kept until the node has come there', async () => {
  const { house, node } = await started()
  house.change('a', 'a 2')
  const read = node.cache.read('k', 'a')
  await house.deliver((what) => what === 'log.read')
  house.sql.failOver(1)
  await house.deliver()
  expect((await read).value).toBe('a 2')
  expect(node.cache.peek('k')).toBeUndefined()
  const again = node.cache.read('k', 'a')
  await house.deliver()
  expect((await again).value).toBe('a 1')
})

test('a refresh ahead of expiry that fails leaves the shared value where it is', async () => {
  const { house, node } = await started()
  const read = node.cache.read('k', 'a')
  await house.deliver()
  await read
  await house.clock.advance(1)
  for (let at = 0; at < 2500; at++) {
    house.time.nowMs += 230
    const beat = node.follower.beat()
    await house.deliver((what) => what.startsWith('load'))
    await beat
    if (node.cache.peek('k') && loads(house).length > 0) break
    if (node.cache.figures.refreshed > 0) break
  }
  await house.deliver((what) => what.startsWith('load'))
  expect(loads(house)).toHaveLength(1)
  loads(house)[0]?.fail(new Error('away'))
  await house.deliver()
  expect(await house.tier.readOrLease('a', 'n9.1', 100)).toMatchObject({ kind: 'state' })
})
