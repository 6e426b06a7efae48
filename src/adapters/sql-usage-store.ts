import { sql } from 'kysely'
import type { UsageStore } from '../authority/store.ts'
import type { SqlEngine } from './sql-engine.ts'
import { chunks } from './sql-log.ts'

/** A statement of this size takes about a millisecond on SQLite, where nothing else runs meanwhile. */
const rowsPerStatement = 250

export function sqlUsageStore(engine: SqlEngine): UsageStore {
  return {
    async touch(batch) {
      for (const some of chunks(latest(batch), rowsPerStatement)) {
        const uses = sql.join(some.map(([id, atMs]) => sql`(cast(${id} as text), cast(${atMs} as bigint))`))
        await engine.write((tx) =>
          sql`with uses (id, at_ms) as (values ${uses})
            update keys set last_used_at_ms = uses.at_ms from uses
            where keys.id = uses.id and (last_used_at_ms is null or last_used_at_ms < uses.at_ms)`.execute(tx),
        )
      }
    },
  }
}

/** One row for each key, in one order on every node, so that two batches seldom wait for each other in a ring. */
function latest(batch: Parameters<UsageStore['touch']>[0]): readonly (readonly [string, number])[] {
  const uses = new Map<string, number>()
  for (const { keyId, lastUsedAtMs } of batch) {
    uses.set(keyId, Math.max(uses.get(keyId) ?? 0, Math.round(lastUsedAtMs)))
  }
  return [...uses].sort(([a], [b]) => (a < b ? -1 : 1))
}
