import { setTimeout as pause } from 'node:timers/promises'
import { lastAcceptedMs } from '../test/faults/acceptances.ts'
import { type Fleet, startFleet } from '../test/faults/fleet.ts'
import type { FleetNode } from '../test/faults/fleet-node.ts'
import { coldKey } from '../test/faults/storm.ts'
import { type PostgresServer, startPostgres } from '../test/servers/postgres.ts'
import { type RedisServer, startRedis } from '../test/servers/redis.ts'
import type { Row } from './row.ts'
import { percentileCurve, quantile } from './samples.ts'
import { ms } from './words.ts'

const nodes = 5
const wantedMs = 20
const marginMs = 50
const leaseMs = 1_000
/** Short, so that nobody waits ten minutes for a figure; the bound is D + G whatever G is. */
const graces = { strict: 0, balanced: 500, available: 1_500 } as const

type Posture = keyof typeof graces

interface CutOff {
  readonly posture: Posture
  readonly boundMs: number
  /** The last request, after the revocation was sent, that the cut-off node let in. */
  readonly lastAcceptedMs: number
  /** When the receipt said that no node can accept any more, while one was stopped. */
  readonly completeAfterMs: number
  /** What the stopped node let in after it went on. */
  readonly acceptedAfterwards: number
}

export const revocation: Row = {
  id: 'P6',
  what: `\`revoke?wait=all\`, ${nodes} nodes`,
  against: 'TTL of others: 60 s to 10 min',
  target: `p99 < ${wantedMs} ms; one node cut off: ≤ D + G + ${marginMs} ms, per posture`,
  place: 'all cores',
  async measure({ quick }) {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    try {
      const times = await revocations(postgres, redis, quick ? 40 : 300)
      const cuts: CutOff[] = []
      for (const posture of ['strict', 'balanced', 'available'] as const) {
        cuts.push(await cutOff(postgres, redis, posture))
      }
      const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
      const bounded = cuts.every((cut) => cut.lastAcceptedMs <= cut.boundMs + marginMs && cut.acceptedAfterwards === 0)
      return {
        outcome: p99 < wantedMs && bounded ? 'holds' : 'missed',
        said:
          `p50 ${ms(p50)}, p99 ${ms(p99)}; cut off, last accepted after: ` +
          cuts.map((cut) => `${cut.posture} ${Math.round(cut.lastAcceptedMs)} of ${cut.boundMs} ms`).join(', '),
        figures: {
          p50Ms: p50,
          p99Ms: p99,
          maxMs: Math.max(...times),
          revocations: times.length,
          ...Object.fromEntries(
            cuts.flatMap((cut) => [
              [`${cut.posture} bound ms`, cut.boundMs],
              [`${cut.posture} last accepted ms`, cut.lastAcceptedMs],
              [`${cut.posture} node stopped, complete after ms`, cut.completeAfterMs],
            ]),
          ),
        },
        plots: [
          {
            kind: 'percentiles',
            title: 'revoke?wait=all, from request to receipt',
            unit: 'ms',
            series: [{ name: `${nodes} nodes`, values: percentileCurve(times) }],
          },
        ],
        notes: [
          `${times.length} revocations one after another over HTTP, each receipt complete: all ${nodes} nodes had confirmed.`,
          `Cut off: SQL and Redis of one node black-holed while it serves the key from memory to callers every 5 ms; counted ` +
            `from the moment the revocation was sent. D = ${leaseMs} ms, G shortened to ` +
            `${Object.values(graces).join(', ')} ms; with the defaults D + G is 1 s (strict), 121 s (balanced), 601 s (available).`,
          `A node stopped with SIGSTOP: the receipt was complete after ` +
            `${cuts.map((cut) => `${Math.round(cut.completeAfterMs)} ms (${cut.posture})`).join(', ')}; going on afterwards it let nobody in.`,
        ],
      }
    } finally {
      await Promise.all([postgres.stop(), redis.stop()])
    }
  },
}

async function revocations(postgres: PostgresServer, redis: RedisServer, count: number): Promise<number[]> {
  const fleet = await startFleet({ nodes, postgres, redis, proxied: { sql: false, redis: false } })
  try {
    const times: number[] = []
    const tenantId = await fleet.admin().tenant()
    for (let i = -20; i < count; i++) {
      const { id, key } = await fleet.admin().key({ tenantId })
      await fleet.callers.fire(fleet.nodes, 1, key)
      const receipt = await fleet.admin(Math.abs(i) % nodes).revoke(id, '5s')
      if (!receipt.complete) throw new Error('a receipt was not complete within 5 s')
      if (i >= 0) times.push(receipt.tookMs)
    }
    return times
  } finally {
    await fleet.close()
  }
}

async function cutOff(postgres: PostgresServer, redis: RedisServer, posture: Posture): Promise<CutOff> {
  const boundMs = leaseMs + graces[posture]
  const env = { GATEHOUSE_POSTURE: posture, GATEHOUSE_GRACE: `${graces[posture]}ms`, GATEHOUSE_LEASE: `${leaseMs}ms` }
  const fleet = await startFleet({ nodes, postgres, redis, env })
  try {
    const [, lost] = fleet.nodes
    if (!lost) throw new Error('no node')
    return {
      posture,
      boundMs,
      lastAcceptedMs: await lastAccepted(fleet, lost, boundMs),
      ...(await stopped(fleet, lost, boundMs)),
    }
  } finally {
    await fleet.close()
  }
}

/** The network around one node is gone; its callers are not. */
async function lastAccepted(fleet: Fleet, lost: FleetNode, boundMs: number): Promise<number> {
  const { id, key } = await coldKey(fleet)
  await fleet.callers.fire(fleet.nodes, 1, key)
  const stream = await fleet.callers.stream([lost], 4, 5, key)
  lost.cut()
  const receipt = await fleet.admin(0).revoke(id)
  await pause(boundMs + 1_000)
  const records = await stream.stop()
  await fleet.heal()
  return lastAcceptedMs(records, receipt.answeredMs - receipt.tookMs)
}

/** The process of one node stands still. */
async function stopped(fleet: Fleet, lost: FleetNode, boundMs: number) {
  const { id, key } = await coldKey(fleet)
  await fleet.callers.fire(fleet.nodes, 1, key)
  lost.pause()
  const receipt = await fleet.admin(0).revoke(id, `${boundMs + 2_000}ms`)
  const late = fleet.callers.fire([lost], 4, key)
  lost.resume()
  const records = await late
  if (!receipt.complete) throw new Error('the receipt was not complete when the bound had passed')
  return {
    completeAfterMs: receipt.tookMs,
    acceptedAfterwards: records.filter(({ status }) => status === 200).length,
  }
}
