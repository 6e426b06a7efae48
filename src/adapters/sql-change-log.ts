import { type Kysely, sql } from 'kysely'
import type { ChangeLog, LogSnapshot } from '../cache/change-log.ts'
import { Fault } from '../kernel/fault.ts'
import type { SqlEngine } from './sql-engine.ts'
import { headless } from './sql-log.ts'
import { logRowOf } from './sql-rows.ts'
import type { LogTable, Schema } from './sql-schema.ts'

export interface TrimmableLog extends ChangeLog {
  /**
   * Removes rows and floors that are older than `windowMs`, which must be no less than what nodes give to `snapshot`.
   * The head and the row at the new horizon stay. Answers with the number of rows removed.
   */
  trim(windowMs: number): Promise<number>
}

type ReadRow = { readonly registered: number } & { [C in keyof Omit<LogTable, 'at_ms'>]: LogTable[C] | null }

function mayNotFork(cause: unknown): Fault {
  return new Fault('store.unavailable', {
    detail: 'the change log lost rows in a failover, and this role may not start it anew: grant it gatehouse_fork',
    cause,
  })
}

const trimmedAtOnce = 1_000

/** A beat that takes longer has outlived the lease it would bring. */
const beatTimeoutMs = 1_000

export function sqlChangeLog(engine: SqlEngine): TrimmableLog {
  const read = engine.prepare<ReadRow>('gatehouse_read', readStatement, 'beat')
  return {
    async read(nodeId, fromSeq, limit) {
      const rows = await read([nodeId, fromSeq, limit], { timeoutMs: beatTimeoutMs })
      return {
        registered: rows[0]?.registered === 1,
        rows: rows.filter((row): row is LogTable & { registered: number } => row.seq !== null).map(logRowOf),
      }
    },
    snapshot: (windowMs, limit) => engine.snapshot((tx) => snapshot(tx, engine, windowMs, limit)),
    async fork(seenSeq) {
      if (!Number.isSafeInteger(seenSeq) || seenSeq < 0 || seenSeq > 2 ** 51) {
        throw new Fault('internal', { detail: `a log cannot be forked at ${seenSeq}` })
      }
      await engine.fork(seenSeq).catch((cause: unknown) => {
        throw engine.lacksRight(cause) ? mayNotFork(cause) : cause
      })
    },
    trim: (windowMs) => trim(engine, windowMs),
  }
}

/** One statement, so that the rows and the registration are of one moment. Always answers with at least one row. */
const readStatement = sql<ReadRow>`
  select case when n.id is null then 0 else 1 end as registered,
    l.seq, l.mark, l.previous_mark, l.subjects_json, l.terminal, l.restricts
  from log_head h
  left join nodes n on n.id = ${0} and n.left_at_ms is null
  left join (
    select seq, mark, previous_mark, subjects_json, terminal, restricts
    from change_log where seq >= ${1} order by seq limit ${2}
  ) l on true
  order by l.seq`

/**
 * The horizon is the newest row that is out of the window, or the oldest that trimming has left: floors are whole above
 * both. It rises until what lies above it fits the limit.
 */
async function snapshot(tx: Kysely<Schema>, engine: SqlEngine, windowMs: number, limit: number): Promise<LogSnapshot> {
  const head = await tx.selectFrom('log_head').select(['seq', 'mark']).executeTakeFirstOrThrow(headless)
  const out = await newestOutOf(tx, engine, windowMs)
  const positions = await tx
    .selectFrom('change_log')
    .select(['seq', 'mark'])
    .where('seq', '>=', out ?? 0)
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  const lowest = positions.at(-1)?.seq ?? head.seq
  const floors = await tx
    .selectFrom('floors')
    .select(['subject', 'seq', 'terminal'])
    .where('seq', '>', lowest)
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute()
  // Floors of one row share its sequence, so the first that does not fit takes all of its row with it.
  const horizon = floors[limit]?.seq ?? lowest
  return {
    head: { seq: head.seq, mark: head.mark },
    horizon,
    floors: floors
      .flatMap((floor) => (floor.seq > horizon ? [{ ...floor, terminal: floor.terminal === 1 }] : []))
      .reverse(),
    positions: positions.flatMap(({ seq, mark }) => (seq >= horizon ? [{ seq, mark }] : [])).reverse(),
  }
}

/** Walks back from the head, so it costs what the window holds and needs no index on time. */
async function newestOutOf(tx: Kysely<Schema>, engine: SqlEngine, windowMs: number): Promise<number | undefined> {
  const row = await tx
    .selectFrom('change_log')
    .select('seq')
    .where('at_ms', '<', sql<number>`${engine.now()} - ${sql.lit(Math.ceil(windowMs))}`)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.seq
}

/**
 * A piece at a time, so that nobody waits long for the lock of SQLite. Rows before floors: floors count from the oldest
 * row on, so at every moment those above it are whole.
 */
async function trim(engine: SqlEngine, windowMs: number): Promise<number> {
  const horizon = await engine.write((tx) => newestOutOf(tx, engine, windowMs))
  if (horizon === undefined) return 0
  const pieces = async (table: 'change_log' | 'floors', side: '<' | '<=') => {
    const id = sql.ref(table === 'floors' ? 'subject' : 'seq')
    const old = sql`select ${id} from ${sql.table(table)} where seq ${sql.raw(side)} ${horizon} order by seq limit ${trimmedAtOnce}`
    const some = sql`delete from ${sql.table(table)} where ${id} in (${old}) and seq ${sql.raw(side)} ${horizon}`
    let removed = 0
    for (;;) {
      const done = await engine.write((tx) => some.execute(tx))
      const count = Number(done.numAffectedRows ?? 0)
      removed += count
      if (count < trimmedAtOnce) return removed
    }
  }
  const removed = await pieces('change_log', '<')
  await pieces('floors', '<=')
  return removed
}
