import { Redis } from 'ioredis'
import { createRuntime, type Runtime } from '../src/runtime.ts'
import { type RedisServer, startRedis } from '../test/servers/redis.ts'
import { pin, pinningNote, serverCore } from './cores.ts'
import { makeKeys } from './many-keys.ts'
import type { Row } from './row.ts'
import { median, percentileCurve, quantile, spread } from './samples.ts'
import { scratchSettings } from './scratch-settings.ts'
import { ms, ratioWithSpread } from './words.ts'

const wanted = 1.2

export const sharedHit: Row = {
  id: 'P4',
  what: 'L2 hit',
  against: 'one bare ioredis GET',
  target: `p50 ≤ ${wanted}×, one round trip`,
  place: 'load core',
  async measure({ quick }) {
    const redis = await startRedis()
    const runtime = await createRuntime(scratchSettings({ redisUrl: redis.url, preload: 0 }))
    const bare = new Redis(redis.url)
    try {
      pin(redis.pid, serverCore)
      const { tokens } = await makeKeys(runtime, quick ? 200 : 1_000)
      await fillShared(runtime, tokens)
      const slots = await bare.keys('gh:s:*')
      const rounds = quick ? 9 : 25
      const ours: number[][] = []
      const theirs: number[][] = []
      const perCheck = await roundTrips(redis, tokens.length, () => readAll(runtime, tokens))
      for (let round = -2; round < rounds; round++) {
        const ourTimes = await readAll(runtime, tokens)
        const theirTimes = await getAll(bare, slots, tokens.length)
        if (round >= 0) {
          ours.push(ourTimes)
          theirs.push(theirTimes)
        }
      }
      return report(ours, theirs, perCheck)
    } finally {
      bare.disconnect()
      await runtime.close()
      await redis.stop()
    }
  },
}

function report(ours: readonly number[][], theirs: readonly number[][], perCheck: number): ReturnTypeOfMeasure {
  const [our, their] = [ours.map(median), theirs.map(median)]
  const ratios = our.map((value, i) => value / (their[i] ?? Number.NaN))
  const ratio = median(ratios)
  const [all, allBare] = [ours.flat(), theirs.flat()]
  return {
    outcome: ratio <= wanted && perCheck === 1 ? 'holds' : 'missed',
    said:
      `${ratioWithSpread(ratio, spread(ratios))}: p50 ${ms(median(our))} against ${ms(median(their))}, ` +
      `${perCheck} command per check`,
    figures: {
      ratio,
      p50Ms: median(our),
      p99Ms: quantile(all, 0.99),
      barePercentile50Ms: median(their),
      bareP99Ms: quantile(allBare, 0.99),
      commandsPerCheck: perCheck,
    },
    plots: [
      {
        kind: 'percentiles',
        title: 'One at a time',
        unit: 'ms',
        series: [
          { name: 'L2 hit', values: percentileCurve(all) },
          { name: 'bare GET', values: percentileCurve(allBare) },
        ],
      },
    ],
    notes: [
      'The whole check of a key that this process lacks: hash, checksum, keyed tag, digest, the shared tier, parsing, floors, ' +
        'lease, verdict; one at a time. The bare GET reads the same values. Commands are counted by Redis (`INFO commandstats`).',
      pinningNote,
    ],
  }
}

type ReturnTypeOfMeasure = Awaited<ReturnType<Row['measure']>>

/** Until every key is in Redis: fills are not awaited by the checks that make them. */
async function fillShared(runtime: Runtime, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await runtime.gate.verify(token)
  for (const token of tokens) {
    for (;;) {
      runtime.node.cache.clear()
      const { certificate } = await runtime.gate.verify(token)
      if (certificate.tier === 'L2') break
    }
  }
}

async function readAll({ gate, node }: Runtime, tokens: readonly string[]): Promise<number[]> {
  node.cache.clear()
  const times: number[] = []
  for (const token of tokens) {
    const startedMs = performance.now()
    const verdict = await gate.verify(token, { scope: 'app' })
    times.push(performance.now() - startedMs)
    if (verdict.kind !== 'accepted' || verdict.certificate.tier !== 'L2') throw new Error('a check was no L2 hit')
  }
  return times
}

async function getAll(bare: Redis, slots: readonly string[], count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now()
    const value = await bare.get(slots[i % slots.length] ?? '')
    times.push(performance.now() - startedMs)
    if (value === null) throw new Error('a bare GET found nothing')
  }
  return times
}

/** Commands from clients that Redis counted for each check; what a script calls inside Redis is no round trip. */
async function roundTrips(redis: RedisServer, checks: number, work: () => Promise<unknown>): Promise<number> {
  const counted = async () => {
    const stats = await redis.command('INFO', 'commandstats')
    const calls = [...stats.matchAll(/^cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/gm)]
    return calls.reduce((sum, [, count]) => sum + Number(count), 0)
  }
  await redis.command('CONFIG', 'RESETSTAT')
  await work()
  return (await counted()) / checks
}
