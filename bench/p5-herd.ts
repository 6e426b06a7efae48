import { type Fleet, startFleet } from '../test/faults/fleet.ts'
import { startTellingPostgres } from '../test/faults/query-log.ts'
import { longestMs, statuses, storm } from '../test/faults/storm.ts'
import { startRedis } from '../test/servers/redis.ts'
import type { Row } from './row.ts'
import { median } from './samples.ts'
import { ms } from './words.ts'

const nodes = 5
const callers = 1_000
const budgetMs = 1_000

export const herd: Row = {
  id: 'P5',
  what: `cold key, ${nodes} processes × ${callers.toLocaleString('en')} callers at once`,
  against: 'a naive cache: 5,000 queries',
  target: `exactly 1 SQL query; with Redis black-holed ≤ ${nodes}, all within the check's budget`,
  place: 'all cores',
  async measure({ quick }) {
    const [postgres, redis] = await Promise.all([startTellingPostgres(), startRedis()])
    const fleet = await startFleet({ nodes, postgres, redis, proxied: { sql: false } })
    try {
      const rounds = quick ? 2 : 7
      const whole = await storms(fleet, rounds)
      for (const node of fleet.nodes) node.cutRedis()
      const cut = await storms(fleet, rounds)
      const holds = whole.queries.every((count) => count === 1) && cut.queries.every((count) => count <= nodes)
      const inTime = [...whole.longest, ...cut.longest].every((tookMs) => tookMs <= budgetMs)
      return {
        outcome: holds && inTime && whole.accepted && cut.accepted ? 'holds' : 'missed',
        said:
          `${range(whole.queries)} query, slowest caller ${ms(Math.max(...whole.longest))}; Redis black-holed: ` +
          `${range(cut.queries)} queries, slowest caller ${ms(Math.max(...cut.longest))}`,
        figures: {
          queriesMax: Math.max(...whole.queries),
          slowestMs: Math.max(...whole.longest),
          queriesMaxWithoutRedis: Math.max(...cut.queries),
          slowestWithoutRedisMs: Math.max(...cut.longest),
          medianSlowestMs: median(whole.longest),
        },
        plots: [
          {
            kind: 'strips',
            title: 'Slowest of 5,000 callers, each storm',
            unit: 'ms',
            series: [
              { name: 'Redis there', values: whole.longest },
              { name: 'Redis black-holed', values: cut.longest },
            ],
          },
        ],
        notes: [
          `${rounds} storms each, every one on a new key, over HTTP; every caller was let in. Queries are counted by ` +
            'PostgreSQL itself, in its statement log. Nodes, callers and servers share the machine.',
        ],
      }
    } finally {
      await fleet.close()
      await Promise.all([postgres.stop(), redis.stop()])
    }
  },
}

async function storms(fleet: Fleet, rounds: number) {
  const queries: number[] = []
  const longest: number[] = []
  let accepted = true
  for (let round = 0; round < rounds; round++) {
    const { records, seen } = await storm(fleet, callers)
    queries.push(seen)
    longest.push(longestMs(records))
    accepted &&= statuses(records).every((status) => status === 200)
  }
  return { queries, longest, accepted }
}

function range(counts: readonly number[]): string {
  const [low, high] = [Math.min(...counts), Math.max(...counts)]
  return low === high ? String(low) : `${low} to ${high}`
}
