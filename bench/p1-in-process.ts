import { hash } from 'node:crypto'
import { authorizationOf, gatehouseBatch, openCachedChecks, timedBatch } from './cached-checks.ts'
import { FreshTexts } from './fresh-text.ts'
import { type Batch, measurePairs } from './pairs.ts'
import type { Row } from './row.ts'
import { median } from './samples.ts'
import { rate, ratioWithSpread } from './words.ts'

const wanted = 0.75

export const inProcess: Row = {
  id: 'P1',
  what: 'in-process check of a cached key: header string in, verdict out',
  against: "`crypto.hash('sha256')` + `Map.get` (the naive limit)",
  target: `≥ ${wanted} of it`,
  place: 'load core',
  async measure({ quick }) {
    const checks = await openCachedChecks(quick ? 2_000 : 10_000)
    try {
      const slices = quick ? 5 : 20
      const ours = gatehouseBatch(checks, slices)
      const naive = naiveBatch(checks.tokens, slices)
      await measurePairs(ours, naive, 3)
      const pairs = await measurePairs(ours, naive, quick ? 7 : 21)
      const [our, their] = [median(pairs.subject), median(pairs.baseline)]
      return {
        outcome: pairs.ratio >= wanted ? 'holds' : 'missed',
        said: `${ratioWithSpread(pairs.ratio, pairs.ratioSpread)}: ${rate(our)} against ${rate(their)}`,
        figures: { ratio: pairs.ratio, checksPerSecond: our, naivePerSecond: their, keys: checks.tokens.length },
        plots: [
          {
            kind: 'strips',
            title: 'Cached checks',
            unit: 'per second',
            series: [
              { name: 'Gatehouse', values: pairs.subject },
              { name: 'hash + Map.get', values: pairs.baseline },
            ],
          },
        ],
        notes: [
          `${checks.tokens.length} keys in random order, a fresh header string for each call on both sides, one core, processor time; ` +
            `median and middle half of ${pairs.subject.length} interleaved pairs.`,
        ],
      }
    } finally {
      await checks.close()
    }
  },
}

/** What a check cannot do without: cut the token out of the header, hash it, look it up. */
function naiveBatch(tokens: readonly string[], slices: number): Batch {
  const known = new Map(tokens.map((token, index) => [hash('sha256', token), { index }]))
  return timedBatch(new FreshTexts(tokens.map(authorizationOf)), slices, (fresh) => {
    let found = 0
    for (const header of fresh) {
      if (known.get(hash('sha256', header.slice('Bearer '.length))) !== undefined) found++
    }
    return found
  })
}
