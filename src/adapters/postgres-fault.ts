import { Fault } from '../kernel/fault.ts'
import { conflictFault, textFault } from './sql-text.ts'

interface ServerError extends Error {
  readonly code: string
  readonly severity: string
  readonly constraint?: string
}

/** An answer of the server, as opposed to a connection that broke. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code))
}

/** Whether the connection can be used for the next statement. */
export function survives(error: unknown): boolean {
  return isServerError(error) && error.severity === 'ERROR'
}

/** The database gave up this transaction so that another could go on; doing it again is right. */
export function lostDeadlock(error: unknown): boolean {
  return error instanceof Fault && isServerError(error.cause) && ['40P01', '40001'].includes(error.cause.code)
}

export function lacksRight(error: unknown): boolean {
  return error instanceof Fault && isServerError(error.cause) && error.cause.code === '42501'
}

/** Errors of the driver hold statements and hosts, but never the password; values stay in the cause, for the log. */
export function postgresFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error
  const cause = bare(error)
  if (!isServerError(error)) return new Fault('store.unavailable', { detail: reasonOf(error), cause })
  const { code, message } = error
  if (code === '23505') return conflictFault(error.constraint ?? '', cause)
  if (code === '22021' || code === '22P05') return textFault(cause)
  if (code === '42P01' || code === '42703') {
    return new Fault('store.incompatible', { detail: `${message}: run \`gatehouse migrate\``, cause })
  }
  // Class 42 is a statement that is wrong, except for rights that the role lacks.
  const wrong = code.startsWith('42') && code !== '42501'
  return new Fault(wrong ? 'internal' : 'store.unavailable', { detail: `${message} (${code})`, cause })
}

/** Why the first connection did not come about: names the setting and the mend. `place` holds no password. */
export function openFault(error: unknown, place: string): Fault {
  if (error instanceof Fault) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const mend = mends[code] ?? mends[code.slice(0, 2)]
  const reason = error instanceof Error ? reasonOf(error) : 'no answer'
  const detail = `DATABASE_URL names PostgreSQL at ${place}: ${mend?.sentence ?? `${reason}; start it, or correct the address`}`
  return new Fault(mend?.code ?? 'store.unavailable', {
    detail,
    cause: error instanceof Error ? bare(error) : undefined,
  })
}

/** By SQLSTATE, by its class, or by the name of the system's error. */
const mends: Readonly<Record<string, { code: 'setting.invalid' | 'store.unavailable'; sentence: string } | undefined>> =
  {
    '28': { code: 'setting.invalid', sentence: 'it refuses the user or the password; correct them' },
    '3D000': { code: 'setting.invalid', sentence: 'it has no such database; create it, or correct the name' },
    '53300': {
      code: 'store.unavailable',
      sentence: 'it takes no more connections; raise max_connections, or lower GATEHOUSE_DB_POOL',
    },
    '57P03': { code: 'store.unavailable', sentence: 'it is starting or stopping; try again in a moment' },
    ENOTFOUND: { code: 'store.unavailable', sentence: 'no host has this name; correct the address' },
    ECONNREFUSED: { code: 'store.unavailable', sentence: 'nothing listens there; start it, or correct the address' },
  }

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `${error.message || 'no connection'}${code}`
}

/** Without the members in which the server repeats the values of a row. */
function bare(error: Error): Error {
  for (const member of ['detail', 'where', 'internalQuery', 'hint', 'client']) Reflect.deleteProperty(error, member)
  return error
}
