import { type Expression, type SqlBool, sql } from 'kysely'
import type { PageQuery } from '../authority/store.ts'
import { Fault } from '../kernel/fault.ts'

/** Pages go from the newest back, by the place of the last row seen: they cost the same however deep. */
export interface Place {
  readonly atMs: number
  readonly id: string
}

/** Where a page ended. */
export interface Cursor extends Place {
  /** Of a search: what its text begins the id of stood on the first page, and is not told again. */
  readonly idsTold: boolean
}

export type Condition = Expression<SqlBool>

const limitMax = 200
const searchMax = 200

/** How many rows to ask for: one more than wanted tells whether there is a next page. */
export function rowsFor({ limit }: PageQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit + 1
  throw new Fault('request.invalid', { public: 'The limit is not valid', fix: `Send 1 to ${limitMax}.` })
}

/** The text that is searched for, unless it is empty. */
export function searchOf({ q }: PageQuery): string | undefined {
  if (q === undefined || q === '') return undefined
  if (q.length <= searchMax) return q
  throw new Fault('request.invalid', {
    public: 'The search is too long',
    fix: `Send at most ${searchMax} characters.`,
  })
}

/** Part of `column` in any case of A to Z. Nothing in the text is a pattern. */
export function inName(q: string, column: string): Condition {
  const part = `%${q.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()).replace(/[\\%_]/g, '\\$&')}%`
  return sql`lower(${sql.ref(column)}) like ${part} escape '\\'`
}

/** The beginning of `column` as it is: a range of its index. */
export function ofId(q: string, column: string): Condition {
  const id = sql.ref(column)
  return sql`(${id} >= ${q} and ${id} < ${`${q}\u{10ffff}`})`
}

export function cursorOf({ cursor }: PageQuery): Cursor | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor)
}

export function encodeCursor({ atMs, id, idsTold }: Cursor): string {
  return Buffer.from(JSON.stringify(idsTold ? [atMs, id, 1] : [atMs, id])).toString('base64url')
}

function decodeCursor(cursor: string): Cursor {
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
  if (!Array.isArray(place) || place.length < 2 || place.length > 3) throw invalid()
  const [atMs, id, told = 0] = place as readonly unknown[]
  if (told !== 0 && told !== 1) throw invalid()
  if (!Number.isSafeInteger(atMs) || typeof id !== 'string' || id.length > 200) throw invalid()
  if (id.includes('\0') || !id.isWellFormed()) throw invalid()
  return { atMs: atMs as number, id, idsTold: told === 1 }
}
