import { sql } from 'kysely'
import type { NodeRegistry } from '../cache/node-registry.ts'
import { Fault } from '../kernel/fault.ts'
import type { SqlEngine } from './sql-engine.ts'
import { nodeOf } from './sql-rows.ts'

/** How long a node that left stands in the table after it has ceased to matter, for people who look. */
const keptMs = 3_600_000

export function sqlNodeRegistry(engine: SqlEngine): NodeRegistry {
  const bound = sql<number>`(lease_ms + grace_ms)`
  const now = () => engine.now()
  return {
    async register(node, appliedSeq) {
      const row = { name: node.name, lease_ms: node.leaseMs, grace_ms: node.graceMs, applied_seq: appliedSeq }
      const state = { ...row, seen_at_ms: now(), left_at_ms: null }
      await engine.urgent.write((tx) =>
        tx
          .insertInto('nodes')
          .values({ id: node.id, ...state })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(state))
          .execute(),
      )
    },
    async confirm(nodeId, { seq, mark }) {
      const stands = sql`exists (select 1 from change_log where seq = ${seq} and mark = ${mark})`
      const applied = sql<number>`case when applied_seq < ${seq} and ${stands} then ${seq} else applied_seq end`
      const done = await engine.urgent.write((tx) =>
        tx
          .updateTable('nodes')
          .set({ applied_seq: applied, seen_at_ms: now() })
          .where('id', '=', nodeId)
          .where('left_at_ms', 'is', null)
          .executeTakeFirst(),
      )
      if (done.numUpdatedRows === 1n) return
      throw new Fault('store.unavailable', { detail: `node ${nodeId} stands not registered, and confirmed nothing` })
    },
    async leave(nodeId) {
      await engine.urgent.write((tx) => tx.deleteFrom('nodes').where('id', '=', nodeId).execute())
    },
    async list() {
      const rows = await engine.urgent.reader
        .selectFrom('nodes')
        .selectAll()
        .where((eb) => eb.or([eb('left_at_ms', 'is', null), eb(sql<number>`left_at_ms + 2 * ${bound}`, '>', now())]))
        .orderBy('id')
        .execute()
      return rows.map(nodeOf)
    },
    reap: (marginMs) =>
      engine.write(async (tx) => {
        const left = await tx
          .updateTable('nodes')
          .set({ left_at_ms: now() })
          .where('left_at_ms', 'is', null)
          .where(sql<number>`seen_at_ms + ${bound} + ${sql.lit(Math.ceil(marginMs))}`, '<', now())
          .returning('id')
          .execute()
        await tx
          .deleteFrom('nodes')
          .where(sql<number>`left_at_ms + 2 * ${bound} + ${sql.lit(keptMs)}`, '<', now())
          .execute()
        return left.map(({ id }) => id)
      }),
  }
}
