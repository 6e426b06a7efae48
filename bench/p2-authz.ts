import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { scratchDirectory } from '../test/servers/scratch.ts'
import { pinningNote } from './cores.ts'
import { openModel } from './open-model.ts'
import { type Batch, measurePairs } from './pairs.ts'
import type { Row } from './row.ts'
import { median, percentileCurve, quantile, spread } from './samples.ts'
import { demoKeyOf, type Served, serve, serveGatehouse } from './served.ts'
import { ms, rate, ratioWithSpread, times } from './words.ts'
import { wrk } from './wrk.ts'

const wanted = 0.85
const wantedTail = 1.3
export const connections = 64

export const authz: Row = {
  id: 'P2',
  what: '`/authz` on a cached key, keep-alive, 64 connections',
  against: 'bare `node:http` answering 200 with the same headers',
  target: `≥ ${wanted} of it (median of at least 7 interleaved pairs); p99 ≤ ${wantedTail}× its p99 at 70 % load, open model`,
  place: 'load core',
  async measure({ quick }) {
    const gatehouse = await serveGatehouse(scratchDirectory('p2'))
    const key = demoKeyOf(gatehouse)
    const bare = await serveBare(await acceptedHeaders(gatehouse, key))
    try {
      const seconds = quick ? 1 : 3
      await measurePairs(loadOf(gatehouse, key, seconds), loadOf(bare, key, seconds), 1)
      const pairs = await measurePairs(loadOf(gatehouse, key, seconds), loadOf(bare, key, seconds), quick ? 3 : 11)
      const perSecond = Math.floor(0.7 * median(pairs.baseline))
      const tails = await measureTails(gatehouse, bare, key, perSecond, quick ? 3 : 7)
      const tail = median(tails.ratios)
      return {
        outcome: pairs.ratio >= wanted && tail <= wantedTail ? 'holds' : 'missed',
        said:
          `${ratioWithSpread(pairs.ratio, pairs.ratioSpread)}: ${rate(median(pairs.subject))} against ` +
          `${rate(median(pairs.baseline))}; p99 at ${rate(perSecond)} ${times(tail)} ` +
          `(${spread(tails.ratios).map(times).join('–')})×: ${ms(median(tails.ours))} against ${ms(median(tails.theirs))}`,
        figures: {
          ratio: pairs.ratio,
          checksPerSecond: median(pairs.subject),
          barePerSecond: median(pairs.baseline),
          openModelPerSecond: perSecond,
          p99Ratio: tail,
          p99Ms: median(tails.ours),
          bareP99Ms: median(tails.theirs),
          generatorLagP99Ms: median(tails.lags),
        },
        plots: [
          {
            kind: 'strips',
            title: 'As fast as answers come (wrk, 64 connections)',
            unit: 'per second',
            series: [
              { name: 'Gatehouse', values: pairs.subject },
              { name: 'bare node:http', values: pairs.baseline },
            ],
          },
          {
            kind: 'percentiles',
            title: `At ${rate(perSecond)}, constant arrival`,
            unit: 'ms',
            series: [
              { name: 'Gatehouse', values: percentileCurve(tails.ourAll) },
              { name: 'bare node:http', values: percentileCurve(tails.theirAll) },
            ],
          },
        ],
        notes: [
          pinningNote,
          `The open model: 70 % of what the bare server gave, the same rate for both; latency counts from the moment a ` +
            `request was due. The generator was itself late by ${ms(median(tails.lags))} at its 99th percentile, which is in both figures.`,
        ],
      }
    } finally {
      await Promise.all([gatehouse.stop(), bare.stop()])
    }
  },
}

export function serveBare(headers: readonly string[]): Promise<Served> {
  return serve([fileURLToPath(new URL('bare-server.ts', import.meta.url)), JSON.stringify(headers)])
}

export function loadOf(server: Pick<Served, 'url'>, key: string, seconds: number): Batch {
  const headers = { Authorization: `Bearer ${key}` }
  return () => wrk({ url: `${server.url}/authz?scope=app`, headers, connections, seconds })
}

/** The headers of a cached check, names and values in turn, without those that Node adds by itself. */
export async function acceptedHeaders(gatehouse: Served, key: string): Promise<string[]> {
  const ask = async () => {
    const answer = await request(`${gatehouse.url}/authz?scope=app`, { headers: { authorization: `Bearer ${key}` } })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`/authz answered ${answer.statusCode}`)
    return answer.headers
  }
  await ask()
  const added = ['date', 'connection', 'keep-alive']
  return Object.entries(await ask()).flatMap(([name, value]) => (added.includes(name) ? [] : [name, String(value)]))
}

async function measureTails(gatehouse: Served, bare: Served, key: string, perSecond: number, rounds: number) {
  const [ours, theirs, lags]: [number[], number[], number[]] = [[], [], []]
  const [ourAll, theirAll]: [number[], number[]] = [[], []]
  const measure = async (server: Served, all: number[]) => {
    const { host } = new URL(server.url)
    const request = `GET /authz?scope=app HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`
    const { latencies, ownLag } = await openModel({ port: server.port, request, perSecond, seconds: 2, connections })
    lags.push(quantile(ownLag, 0.99))
    for (const latency of latencies) all.push(latency)
    return quantile(latencies, 0.99)
  }
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) ours.push(await measure(gatehouse, ourAll))
    theirs.push(await measure(bare, theirAll))
    if (round % 2 === 1) ours.push(await measure(gatehouse, ourAll))
  }
  return { ours, theirs, lags, ourAll, theirAll, ratios: ours.map((value, i) => value / (theirs[i] ?? Number.NaN)) }
}
