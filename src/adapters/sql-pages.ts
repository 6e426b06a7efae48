import { type Expression, type SqlBool, sql } from 'kysely'
import type { Page, PageQuery } from '../authority/store.ts'
import { Fault } from '../kernel/fault.ts'

/** Pages go from the newest back, by the place of the last row seen: they cost the same however deep. */
interface Place {
  readonly atMs: number
  readonly id: string
}

export type Condition = Expression<SqlBool>

const limitMax = 200
const searchMax = 200

/** How many rows to ask for: one more than wanted tells whether there is a next page. */
export function rowsFor({ limit }: PageQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit + 1
  throw new Fault('request.invalid', { public: 'The limit is not valid', fix: `Send 1 to ${limitMax}.` })
}

export function pageOf<Row, T>(
  query: PageQuery,
  rows: readonly Row[],
  place: (row: Row) => Place,
  read: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  const nextCursor = rows.length > shown.length && last !== undefined ? encodeCursor(place(last)) : null
  return { data: shown.map(read), nextCursor }
}

/** What the cursor leaves; `time` is the column that the list is ordered by, before `id`. */
export function afterCursor({ cursor }: PageQuery, time: 'created_at_ms' | 'at_ms'): readonly Condition[] {
  if (cursor === undefined) return []
  const { atMs, id } = decodeCursor(cursor)
  return [sql<SqlBool>`(${sql.ref(time)}, id) < (${atMs}, ${id})`]
}

/** Part of `name` in any case of A to Z, or the beginning of `id` as it is. Nothing in the text is a pattern. */
export function matching({ q }: PageQuery, name: string, id: string): readonly Condition[] {
  if (q === undefined || q === '') return []
  if (q.length > searchMax) {
    throw new Fault('request.invalid', {
      public: 'The search is too long',
      fix: `Send at most ${searchMax} characters.`,
    })
  }
  const part = `%${q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  return [
    sql<SqlBool>`(lower(${sql.ref(name)}) like lower(${part}) escape '\\' or substr(${sql.ref(id)}, 1, ${[...q].length}) = ${q})`,
  ]
}

function encodeCursor({ atMs, id }: Place): string {
  return Buffer.from(JSON.stringify([atMs, id])).toString('base64url')
}

function decodeCursor(cursor: string): Place {
  const invalid = (cause?: unknown) =>
    new Fault('request.invalid', {
      public: 'The cursor is not one that was answered here',
      fix: 'Send `nextCursor` of the page before, or no cursor for the first page.',
      cause,
    })
  if (cursor.length > 512 || !/^[\w-]+$/.test(cursor)) throw invalid()
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch (error) {
    throw invalid(error)
  }
  if (!Array.isArray(place) || place.length !== 2) throw invalid()
  const [atMs, id] = place as readonly unknown[]
  if (!Number.isSafeInteger(atMs) || typeof id !== 'string' || id.length > 200) throw invalid()
  if (id.includes('\0') || !id.isWellFormed()) throw invalid()
  return { atMs: atMs as number, id }
}
