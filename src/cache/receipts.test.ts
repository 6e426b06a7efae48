import { expect, test } from 'vitest'
import { SimulatedHouse, simulatedNode } from '../testing/simulated-node.ts'

async function pair() {
  const house = new SimulatedHouse({ a: 'a 1' })
  const nodes = ['n1', 'n2'].map((id) => simulatedNode(house, { id, graceMs: 4000 }))
  for (const node of nodes) {
    const start = node.receipts.start().then(() => node.follower.start())
    await house.deliver()
    await start
  }
  const [first, second] = nodes
  if (!first || !second) throw new Error('two nodes were made')
  const commit = () => ({
    ...house.change('a', 'a 2', { terminal: true }),
    committedAtMs: house.clock.wall(),
    knownMono: house.clock.mono(),
  })
  return { house, first, second, commit }
}

test('a receipt is complete as soon as every node has said that it applied the change', async () => {
  const { house, first, commit } = await pair()
  const change = commit()
  const receipt = first.receipts.announce(change.seq, true).then(() => first.receipts.receipt(change, 2000))
  await house.deliver()
  await house.clock.advance(100)
  await house.deliver()
  expect(await receipt).toMatchObject({ complete: true, refusedEverywhereByMs: change.committedAtMs + 5000 })
})

test('without any message the confirmations in SQL complete it', async () => {
  const { house, first, second, commit } = await pair()
  const change = commit()
  const receipt = first.receipts.announce(change.seq).then(() => first.receipts.receipt(change, 2000))
  await house.deliver((what) => what.startsWith('push'))
  const beat = second.follower.beat()
  await house.deliver((what) => what.startsWith('push'))
  await beat
  for (let round = 0; round < 11; round++) {
    await house.clock.advance(100)
    await house.deliver((what) => what.startsWith('push'))
  }
  expect((await receipt).complete).toBe(true)
})

test('nobody gives a word that nobody waits for', async () => {
  const { house, first, commit } = await pair()
  const said: string[] = []
  const leave = await house.bus.push('ear').subscribe((message) => void said.push(message))
  const announced = first.receipts.announce(commit().seq)
  await house.deliver()
  await announced
  expect(said).toEqual([expect.stringMatching(/^c /)])
  leave()
})

test('a silent node is waited for until it can accept no more, and named', async () => {
  const { house, first, second, commit } = await pair()
  second.follower.halt()
  second.receipts.stop()
  const change = commit()
  const ask = async (timeoutMs: number) => {
    const receipt = first.receipts.receipt(change, timeoutMs)
    for (let round = 0; round < 5; round++) {
      await house.deliver()
      await house.clock.advance(100)
    }
    return await receipt
  }
  const early = await ask(200)
  expect(early.complete).toBe(false)
  expect(early.nodes.find(({ id }) => id === 'n2')).toEqual({ id: 'n2', confirmedAfterMs: null })
  await house.clock.advance(5000)
  await house.deliver()
  expect((await ask(0)).complete).toBe(true)
})

test('what was confirmed in a history that SQL has lost counts for no change of the present one', async () => {
  const { house, first, second } = await pair()
  house.change('b', 'b 1')
  const beats = [first.follower.beat(), second.follower.beat()]
  await house.deliver()
  await Promise.all(beats)
  house.sql.failOver(1)
  const change = { ...house.change('a', 'a 2'), committedAtMs: 0, knownMono: house.clock.mono() }
  expect(first.follower.position?.seq).toBe(change.seq)
  const receipt = first.receipts.receipt(change, 0)
  await house.deliver()
  expect(await receipt).toMatchObject({
    complete: false,
    nodes: [{ confirmedAfterMs: null }, { confirmedAfterMs: null }],
  })
})

test('SQL that goes away while a receipt waits leaves it open, and breaks nothing', async () => {
  const { house, first, second, commit } = await pair()
  second.follower.halt()
  const change = commit()
  const receipt = first.receipts.receipt(change, 300)
  await house.deliver()
  for (let round = 0; round < 5; round++) {
    await house.clock.advance(100)
    for (const parcel of [...house.network.parcels]) if (parcel.what === 'nodes.list') parcel.fail(new Error('away'))
  }
  expect((await receipt).complete).toBe(false)
})
