import { describe, expect, test } from 'vitest'
import { exploreApart } from '../simulation/explorer.ts'
import { mutants } from './mutants.ts'
import { plantMutant } from './plant-mutant.ts'

/** Most need some hundreds. */
const seeds = 30_000
const harmlessSeeds = 10_000

describe('the simulation catches', () => {
  const harmful = mutants.filter(({ harmless }) => harmless === undefined)
  test.each(harmful)('$name, without which $guards', { timeout: 300_000 }, async ({ name }) => {
    const { failed } = await exploreApart('--seeds', String(seeds), '--stop', '--src', `${plantMutant(name)}/src`)
    expect(failed, `no violation in ${seeds} seeds`).toBe(1)
  })
})

describe('no promise rests on', () => {
  const harmless = mutants.filter((mutant) => mutant.harmless !== undefined)
  test.each(harmless)('$name: $harmless', { timeout: 300_000 }, async ({ name }) => {
    const { first } = await exploreApart('--seeds', String(harmlessSeeds), '--src', `${plantMutant(name)}/src`)
    expect(first).toEqual([])
  })
})
