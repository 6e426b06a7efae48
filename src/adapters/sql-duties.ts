import { sql } from 'kysely'
import type { SqlEngine } from './sql-engine.ts'

/** What the nodes on one database share out: whoever claims a duty first in its time does it for all. */
export interface Duties {
  /** Whether this node is to do it now; `false` when any node has claimed it less than `everyMs` ago. */
  claim(name: string, everyMs: number): Promise<boolean>
  /** Removes entries of the audit that are older than `ageMs`, at most `limit`. Answers with how many. */
  trimAudit(ageMs: number, limit: number): Promise<number>
}

export function sqlDuties(engine: SqlEngine): Duties {
  const ago = (ms: number) => sql<number>`${engine.now()} - ${sql.lit(Math.ceil(ms))}`
  return {
    async claim(name, everyMs) {
      const due = sql<boolean>`cast(meta.value as bigint) <= ${ago(everyMs)}`
      const row = `duty_${name}`
      const { reader } = engine
      // Only looked at, most times: so many nodes that find nothing to do write nothing either.
      const done = await reader.selectFrom('meta').select(due.as('due')).where('name', '=', row).executeTakeFirst()
      if (done && !done.due) return false
      const now = sql<string>`cast(cast(${engine.now()} as bigint) as text)`
      const claimed = await engine.write((tx) =>
        sql`insert into meta (name, value) values (${row}, ${now})
          on conflict (name) do update set value = excluded.value where ${due} returning name`.execute(tx),
      )
      return claimed.rows.length === 1
    },
    async trimAudit(ageMs, limit) {
      const old = sql`select id from audit where at_ms < ${ago(ageMs)} order by at_ms limit ${limit}`
      const done = await engine.write((tx) => sql`delete from audit where id in (${old})`.execute(tx))
      return Number(done.numAffectedRows ?? 0)
    },
  }
}
