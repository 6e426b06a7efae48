import { type Kysely, sql } from 'kysely'
import type { ChangeMark } from '../authority/store.ts'
import type { Position } from '../cache/change-log.ts'
import { everything } from '../cache/subjects.ts'
import { Fault } from '../kernel/fault.ts'
import { randomBase62 } from '../kernel/id.ts'
import type { SqlEngine } from './sql-engine.ts'
import type { Schema } from './sql-schema.ts'

type Change = Required<ChangeMark>

/**
 * Appends one row, and floors when it restricts. Must be the last thing that its transaction does: from here to the
 * commit it holds the lock on the head, which puts the log into commit order and lets no other append pass. In several
 * statements, for a database that is in the process: over a network each would lengthen the lock by a round trip.
 */
export async function appendInSteps(tx: Kysely<Schema>, engine: SqlEngine, change: Change): Promise<Position> {
  const head = await tx
    .updateTable('log_head')
    .set((eb) => ({ seq: eb('seq', '+', 1), previous_mark: eb.ref('mark'), mark: randomBase62(8) }))
    .returning(['seq', 'mark', 'previous_mark'])
    .executeTakeFirstOrThrow(headless)
  await writeRow(tx, engine, head, change)
  return { seq: head.seq, mark: head.mark }
}

/** The same in one statement, whose parts take the head first since they read it. Not for SQLite, which cannot. */
export async function appendAtOnce(tx: Kysely<Schema>, engine: SqlEngine, change: Change): Promise<Position> {
  const subjects = [...new Set(change.subjects)]
  const terminal = sql.lit(change.terminal ? 1 : 0)
  const raised = sql`, raised as (
    insert into floors (subject, seq, terminal, at_ms)
    select one.subject, head.seq, ${terminal}, ${engine.now()} from head, unnest(${subjects}::text[]) as one (subject)
    on conflict (subject) do update set seq = excluded.seq, at_ms = excluded.at_ms,
      terminal = case when excluded.terminal = 1 then 1 else floors.terminal end)`
  const { rows } = await sql<Position>`
    with head as (
      update log_head set seq = seq + 1, previous_mark = mark, mark = ${randomBase62(8)}
      returning seq, mark, previous_mark
    ), written as (
      insert into change_log (seq, mark, previous_mark, subjects_json, terminal, restricts, at_ms)
      select seq, mark, previous_mark, ${JSON.stringify(subjects)}::text, ${terminal},
        ${sql.lit(change.restricts ? 1 : 0)}, ${engine.now()} from head
    )${change.restricts ? raised : sql``}
    select seq, mark from head`.execute(tx)
  const [head] = rows
  if (!head) throw headless()
  return { seq: head.seq, mark: head.mark }
}

/** Appends a row that lies 2^32 above both the head and `seenSeq`, unless the head already lies far above it. */
export async function forkLog(tx: Kysely<Schema>, engine: SqlEngine, seenSeq: number): Promise<void> {
  const head = await engine.lock(tx.selectFrom('log_head').select(['seq', 'mark'])).executeTakeFirstOrThrow(headless)
  if (head.seq - seenSeq > 2 ** 31) return
  const seq = Math.max(head.seq, seenSeq) + 2 ** 32
  const next = { seq, mark: randomBase62(8), previous_mark: head.mark }
  await tx.updateTable('log_head').set(next).execute()
  await writeRow(tx, engine, next, { subjects: [everything], terminal: false, restricts: true })
}

/** For a database from which somebody has deleted rows. */
export function headless(): Fault {
  return new Fault('store.incompatible', { detail: 'the change log has no head: restore the database' })
}

async function writeRow(
  tx: Kysely<Schema>,
  engine: SqlEngine,
  head: Position & { readonly previous_mark: string },
  change: Change,
): Promise<void> {
  const subjects = [...new Set(change.subjects)]
  const terminal = change.terminal ? 1 : 0
  const row = { subjects_json: JSON.stringify(subjects), terminal, restricts: change.restricts ? 1 : 0 }
  await tx
    .insertInto('change_log')
    .values({ ...row, seq: head.seq, mark: head.mark, previous_mark: head.previous_mark, at_ms: engine.now() })
    .execute()
  if (!change.restricts) return
  for (const some of chunks(subjects, 500)) await raiseFloors(tx, engine, some, head.seq, terminal)
}

/** A floor that was terminal stays so. */
async function raiseFloors(
  tx: Kysely<Schema>,
  engine: SqlEngine,
  subjects: readonly string[],
  seq: number,
  terminal: number,
): Promise<void> {
  await tx
    .insertInto('floors')
    .values(subjects.map((subject) => ({ subject, seq, terminal, at_ms: engine.now() })))
    .onConflict((conflict) =>
      conflict.column('subject').doUpdateSet({
        seq: sql`excluded.seq`,
        at_ms: sql`excluded.at_ms`,
        terminal: sql`case when excluded.terminal = 1 then 1 else floors.terminal end`,
      }),
    )
    .execute()
}

export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}
