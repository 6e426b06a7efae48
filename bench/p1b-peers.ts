import { authorizationOf, gatehouseBatch, openCachedChecks, timedBatch } from './cached-checks.ts'
import { FreshTexts } from './fresh-text.ts'
import { type Batch, compare, measureRounds } from './pairs.ts'
import { type Peer, peersOver } from './peers.ts'
import type { Row } from './row.ts'
import { median } from './samples.ts'
import { rate, ratioWithSpread } from './words.ts'

const wanted = 2

export const againstPeers: Row = {
  id: 'P1b',
  what: "the same, against peers' cache hits, which hash nothing",
  against: 'async-cache-dedupe, bentocache, cacheable (memory tiers)',
  target: `≥ ${wanted}× the best`,
  place: 'load core',
  async measure({ quick }) {
    const checks = await openCachedChecks(quick ? 2_000 : 10_000)
    try {
      const { tokens } = checks
      const peers = peersOver((key) => ({ key }), 2 * tokens.length)
      const slices = quick ? 3 : 10
      const batches = [gatehouseBatch(checks, slices)]
      for (const peer of peers) batches.push(await peerBatch(peer, tokens, slices))
      await measureRounds(batches, 2)
      const [ours = [], ...theirs] = await measureRounds(batches, quick ? 7 : 15)
      const all = peers.map(({ name }, i) => ({ name, values: theirs[i] ?? [] }))
      const best = all.reduce((one, other) => (median(other.values) > median(one.values) ? other : one))
      const { ratio, ratioSpread } = compare(ours, best.values)
      return {
        outcome: ratio >= wanted ? 'holds' : 'missed',
        said:
          `${ratioWithSpread(ratio, ratioSpread)} × ${best.name}: ${rate(median(ours))} against ` +
          all.map(({ name, values }) => `${name} ${rate(median(values))}`).join(', '),
        figures: {
          ratio,
          checksPerSecond: median(ours),
          ...Object.fromEntries(all.map(({ name, values }) => [`${name} per second`, median(values)])),
        },
        plots: [
          {
            kind: 'strips',
            title: 'Cached look-ups',
            unit: 'per second',
            series: [{ name: 'Gatehouse', values: ours }, ...all],
          },
        ],
        notes: [
          'Peers are asked through the call that would load a missing value, in their fastest form (no serialising, no ' +
            'cloning); those that answer with a promise are awaited, as they must be. Processor time, one core.',
        ],
      }
    } finally {
      await checks.close()
    }
  },
}

async function peerBatch(peer: Peer, tokens: readonly string[], slices: number): Promise<Batch> {
  for (const token of tokens) await peer.get(token)
  return timedBatch(new FreshTexts(tokens.map(authorizationOf)), slices, async (fresh) => {
    let found = 0
    for (const header of fresh) {
      const answer = peer.get(header.slice('Bearer '.length))
      if ((answer instanceof Promise ? await answer : answer) !== undefined) found++
    }
    return found
  })
}
