import { expect, test } from 'vitest'
import { exploreApart } from './explorer.ts'

const seedsEach = 50_100

/*
 * Three nodes, two tenants, six digests; the code of src/cache as it is, on a virtual clock, a network that a dice
 * delivers, and SQL and a shared tier in memory. What an answer must hold stands in oracle.ts, what may go wrong in
 * profile.ts. To look at one seed: node test/simulation/explore.ts --seeds 1 --from <seed> --trace
 */
test('no promise breaks in a hundred thousand different orders of events', { timeout: 900_000 }, async () => {
  const halves = await Promise.all(
    [0, seedsEach].map((from) => exploreApart('--from', String(from), '--seeds', String(seedsEach), '--hashes')),
  )
  for (const { first } of halves) expect(first).toEqual([])
  const distinct = new Set(halves.flatMap(({ hashes }) => hashes ?? []))
  expect(distinct.size).toBeGreaterThanOrEqual(100_000)
})

test('a seed repeats its run event by event', { timeout: 60_000 }, async () => {
  const [once, again] = await Promise.all([1, 2].map(() => exploreApart('--seeds', '300', '--hashes')))
  expect(once?.hashes).toEqual(again?.hashes)
  expect(once?.distinct).toBe(300)
})
