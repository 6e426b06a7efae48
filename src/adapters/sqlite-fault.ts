import { Fault } from '../kernel/fault.ts'
import { conflictFault } from './sql-text.ts'

interface SqliteError extends Error {
  readonly errcode: number
}

/** The low byte of SQLite's result code; `undefined` for errors that are not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  return isSqliteError(error) ? error.errcode & 0xff : undefined
}

export const sqliteBusy = 5

/** What each result code means to an operator; the rest is a fault inside. */
const meanings: Readonly<Record<number, string>> = {
  [sqliteBusy]: 'another process holds the write lock of the database',
  6: 'a table of the database is locked',
  8: 'the database file cannot be written: check its owner, its mode and that of its folder',
  10: 'the disk below the database failed',
  11: 'the database file is damaged: restore it from a backup',
  13: 'the disk below the database is full',
  14: 'the database file cannot be opened: check DATABASE_URL and the rights on its folder',
  26: 'the file that DATABASE_URL names is no SQLite database: name another',
}

export function sqliteFault(error: unknown): unknown {
  if (!isSqliteError(error)) return error
  const code = error.errcode & 0xff
  if (code === 19) return conflictFault(error.message, error)
  if (/^no such (table|column)/.test(error.message)) {
    return new Fault('store.incompatible', { detail: `${error.message}: run \`gatehouse migrate\``, cause: error })
  }
  const meaning = meanings[code]
  if (meaning === undefined) return new Fault('internal', { detail: error.message, cause: error })
  return new Fault('store.unavailable', { detail: `${meaning} (${error.message})`, cause: error })
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
}
