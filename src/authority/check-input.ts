import type { Problem } from '../domain/address.ts'
import { cidrProblem } from '../domain/address.ts'
import { scopesProblem } from '../domain/scope.ts'
import { Fault } from '../kernel/fault.ts'
import type { KeyMembers, Metadata } from './authority.ts'

const maxMetadataBytes = 16 * 1024
const maxCidrs = 100
/** The last millisecond that RFC 3339 can write. */
const endOfTime = 253_402_300_799_999

export function invalid(problem: string, fix: string): Fault {
  return new Fault('request.invalid', { public: problem, fix })
}

function refuse(found: Problem | undefined): void {
  if (found) throw invalid(found.problem, found.fix)
}

export function checkName(name: string): void {
  const length = [...name].length
  if (length < 1 || length > 200 || name.trim() === '') {
    throw invalid('name is empty or too long', 'Give a name of 1 to 200 characters')
  }
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) {
    throw invalid('name holds control characters or is not valid Unicode', 'Leave out line breaks, tabs and the like')
  }
}

export function checkMetadata(metadata: Metadata): void {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw invalid('metadata is not an object', 'Send an object such as {"team": "search"}')
  }
  if (jsonBytes(metadata) > maxMetadataBytes) {
    throw invalid('metadata is too large or too deep', `Keep it below ${maxMetadataBytes} bytes of JSON`)
  }
}

function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    // What is nested so deep that it cannot be written ran out of stack.
    return Number.POSITIVE_INFINITY
  }
}

export function checkKeyPrefix(prefix: string): void {
  if (!/^[a-z0-9_]{2,24}$/.test(prefix)) {
    throw invalid('keyPrefix is not valid', 'Use 2 to 24 of the characters a-z, 0-9 and _')
  }
  if (prefix === 'gh' || prefix.startsWith('gh_')) {
    throw invalid('keyPrefix is taken by Gatehouse itself', 'Choose one that does not begin with gh_')
  }
}

export function checkIdempotencyKey(key: string): void {
  if (!/^[!-~]{22,255}$/.test(key)) {
    throw invalid(
      'idempotencyKey is not valid',
      'Send at least 128 random bits, as 22 to 255 visible ASCII characters, such as a fresh UUID',
    )
  }
}

function checkEnvironment(environment: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(environment)) {
    throw invalid('environment is not valid', 'Use a label such as production: 1 to 64 letters, digits, dots, _ and -')
  }
}

function checkCidrs(cidrs: readonly string[]): void {
  if (cidrs.length > maxCidrs) throw invalid(`allowedCidrs has ${cidrs.length} entries`, `Give at most ${maxCidrs}`)
  for (const cidr of cidrs) refuse(cidrProblem(cidr))
  if (new Set(cidrs).size !== cidrs.length) {
    throw invalid('allowedCidrs holds an entry twice', 'Give each entry once')
  }
}

/** Throws for the first member that is not valid. */
export function checkMembers(members: KeyMembers): void {
  if (members.name !== undefined) checkName(members.name)
  if (members.scopes) refuse(scopesProblem('scopes', members.scopes))
  if (members.permissions) refuse(scopesProblem('permissions', members.permissions))
  if (members.allowedCidrs) checkCidrs(members.allowedCidrs)
  if (members.environment !== undefined && members.environment !== null) checkEnvironment(members.environment)
  if (members.metadata !== undefined) checkMetadata(members.metadata)
}

/** When the key is to expire, by either of the two members; `undefined` if neither is given. */
export function expiryOf(
  { expiresAtMs, expiresInSeconds }: Pick<KeyMembers, 'expiresAtMs' | 'expiresInSeconds'>,
  nowMs: number,
): number | null | undefined {
  if (expiresInSeconds === undefined) return expiresAtMs === undefined || expiresAtMs === null ? expiresAtMs : future()
  if (expiresAtMs !== undefined) {
    throw invalid('expiresAt and expiresInSeconds are both given', 'Send one of them')
  }
  if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds < 1 || nowMs + expiresInSeconds * 1000 > endOfTime) {
    throw invalid('expiresInSeconds is not valid', 'Send a whole number of seconds, 1 or more')
  }
  return nowMs + expiresInSeconds * 1000

  function future(): number {
    if (!Number.isSafeInteger(expiresAtMs) || Number(expiresAtMs) > endOfTime) {
      throw invalid('expiresAt is not an instant', 'Send a time such as 2030-01-31T12:00:00Z')
    }
    if (Number(expiresAtMs) <= nowMs) {
      throw invalid('expiresAt is in the past', 'Send a time in the future, or revoke the key to end it now')
    }
    return Number(expiresAtMs)
  }
}
