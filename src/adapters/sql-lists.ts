import { sql } from 'kysely'
import type { Page, PageQuery } from '../authority/store.ts'
import type { Clock } from '../kernel/clock.ts'
import type { SqlEngine } from './sql-engine.ts'
import {
  type Condition,
  type Cursor,
  cursorOf,
  encodeCursor,
  inName,
  ofId,
  type Place,
  rowsFor,
  searchOf,
} from './sql-pages.ts'
import { createTurns } from './sql-turns.ts'

/**
 * Lists and searches, none of which ever reads without a bound. What an index answers in the order of the list is read
 * straight from it. Everything else looks at a bounded piece of the list at a time, and after `spanMs` answers with
 * what it has: such a page may be short, or empty, and says by `nextCursor` where to go on.
 */
export interface List<Row, T> {
  readonly table: 'keys' | 'tenants' | 'apps' | 'audit'
  readonly time: 'created_at_ms' | 'at_ms'
  /** What rows must be, the most selective first; there is an index on the column of each, then time and id. */
  readonly filters: readonly Condition[]
  /** True for every row of the list, and part of its indexes. */
  readonly present?: Condition
  readonly searched: { readonly name: string; readonly id: string }
  readonly read: (row: Row) => T
}

export type MakePage = <Row extends { readonly id: string }, T>(
  list: List<Row, T>,
  query: PageQuery,
) => Promise<Page<T>>

/** How long one request looks on, ms. */
const spanMs = 250
/** The same, once an id was found: that is most likely what was looked for. */
const foundSpanMs = 25
/** How many lists may wait, and for how long, ms. */
const queue = 64
const waitMs = 5_000

export function sqlLists(engine: SqlEngine, clock: Clock): MakePage {
  const limits = { list: engine.lists.atOnce }
  const turns = createTurns({ clock, limits, together: limits.list, queue, waitMs })
  return async (list, query) => {
    const wanted = { rows: rowsFor(query), cursor: cursorOf(query), q: searchOf(query) }
    const leave = await turns.enter('list')
    try {
      return await engine.list(async (db) => {
        const run = <R>(statement: ReturnType<typeof sql<R>>) => statement.execute(db).then(({ rows }) => rows)
        return await look(list, wanted, { run, clock, piece: engine.lists.rows })
      })
    } finally {
      leave()
    }
  }
}

interface Wanted {
  /** One more than the page holds. */
  readonly rows: number
  readonly cursor: Cursor | undefined
  readonly q: string | undefined
}

interface Means {
  readonly run: <R>(statement: ReturnType<typeof sql<R>>) => Promise<readonly R[]>
  readonly clock: Clock
  /** Rows that one statement looks at. */
  readonly piece: number
}

async function look<Row extends { readonly id: string }, T>(
  list: List<Row, T>,
  { rows: most, cursor, q }: Wanted,
  means: Means,
): Promise<Page<T>> {
  const startMono = means.clock.mono()
  const shown = q === undefined || cursor ? undefined : await byId(list, q, most - 1, means)
  const untilMono = startMono + (shown?.length ? foundSpanMs : spanMs)
  const idsTold = cursor?.idsTold ?? shown !== undefined
  const rest = { list, conditions: searchConditions(list, q, idsTold) }
  const first = shown ?? []
  const found: Row[] = []
  const page = (next: Place | undefined, rows: readonly Row[]): Page<T> => ({
    data: [...first, ...rows].map(list.read),
    nextCursor: next ? encodeCursor({ ...next, idsTold }) : null,
  })
  let place: Place | undefined = cursor
  for (;;) {
    const piece = await onePiece(rest, place, most - first.length - found.length, means)
    found.push(...piece.rows)
    if (first.length + found.length >= most) {
      const told = found.slice(0, -1)
      const last = told.at(-1)
      return page(last ? placeOf(list, last) : (cursor ?? beginning), told)
    }
    if (!piece.end) return page(undefined, found)
    place = piece.end
    if (means.clock.mono() >= untilMono) return page(place, found)
    await new Promise(setImmediate) // On SQLite nothing else ran meanwhile.
  }
}

/** Before the newest row. */
const beginning: Place = { atMs: Number.MAX_SAFE_INTEGER, id: '' }

function searchConditions(list: List<never, unknown>, q: string | undefined, idsTold: boolean): readonly Condition[] {
  if (q === undefined) return []
  const named = inName(q, list.searched.name)
  const begins = ofId(q, list.searched.id)
  return [idsTold ? sql`(${named} and not ${begins})` : sql`(${named} or ${begins})`]
}

/**
 * What a beginning of an id finds, from the index on ids, when that fits a page: whoever pastes an id has it at once.
 * `undefined`: too many begin so.
 */
async function byId<Row extends { readonly id: string }>(
  list: List<Row, unknown>,
  q: string,
  limit: number,
  { run }: Means,
): Promise<readonly Row[] | undefined> {
  const table = sql.table(list.table)
  const begins = ofId(q, list.searched.id)
  const ids = await run(sql<{ id: string }>`select id from ${table} where ${begins} limit ${limit + 1}`)
  if (ids.length > limit) return undefined
  if (ids.length === 0) return []
  const these = sql<boolean>`id in (${sql.join(ids.map(({ id }) => sql`${id}`))})`
  return run(sql<Row>`select * from ${table} where ${all([...always(list), ...list.filters, these])}
    order by ${sql.ref(list.time)} desc, id desc`)
}

interface Part<Row, T> {
  readonly list: List<Row, T>
  /** What no index answers. */
  readonly conditions: readonly Condition[]
}

/** What is found from `from` back; `end`: how far was looked, `undefined` when nothing lies behind it. */
async function onePiece<Row extends { readonly id: string }, T>(
  { list, conditions }: Part<Row, T>,
  from: Place | undefined,
  limit: number,
  { run, piece }: Means,
): Promise<{ readonly rows: readonly Row[]; readonly end?: Place }> {
  const table = sql.table(list.table)
  const time = sql.ref(list.time)
  const [indexed, ...others] = list.filters
  const order = sql`order by ${time} desc, id desc`
  const along = [...always(list), ...(indexed ? [indexed] : []), ...(from ? [at(list, '<', from)] : [])]
  const residual = [...others, ...conditions]
  if (residual.length === 0) {
    return { rows: await run(sql<Row>`select * from ${table} where ${all(along)} ${order} limit ${limit}`) }
  }
  const [end] = await run(sql<Place>`select ${time} as "atMs", id from ${table} where ${all(along)} ${order}
    limit 1 offset ${piece - 1}`)
  const here = all([...along, ...(end ? [at(list, '>=', end)] : []), ...residual])
  const rows = await run(sql<Row>`select * from ${table} where ${here} ${order} limit ${limit}`)
  return end ? { rows, end } : { rows }
}

function at(list: List<never, unknown>, side: '<' | '>=', { atMs, id }: Place): Condition {
  return sql`(${sql.ref(list.time)}, id) ${sql.raw(side)} (${atMs}, ${id})`
}

function always({ present }: List<never, unknown>): readonly Condition[] {
  return present ? [present] : []
}

function all(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql`${sql.join(conditions, sql` and `)}`
}

function placeOf<Row extends { readonly id: string }>(list: List<Row, unknown>, row: Row): Place {
  return { atMs: (row as Row & Record<string, number>)[list.time] as number, id: row.id }
}
