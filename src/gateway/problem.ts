import { type RefusalReason, verdictStatus } from '../domain/verdict.ts'
import { type FaultCode, type FaultOptions, faults } from '../kernel/fault.ts'

/** RFC 9457. Only sentences of the tables, and those that were written for the caller, stand in it. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** The id of the request, as in the log. */
  readonly instance: string
  readonly code: string
  readonly fix?: string
}

/** `code` as in the table of verdicts. */
export function refusalProblem(reason: RefusalReason, requestId: string): ProblemBody {
  const { title, detail, fix } = refusals[reason]
  const type = typeOf(reason)
  return { type, title, status: verdictStatus[reason], detail, instance: requestId, code: reason, fix }
}

export function faultProblem(
  fault: FaultCode,
  requestId: string,
  { public: sentence, fix, code = fault }: Pick<FaultOptions, 'public' | 'fix' | 'code'> = {},
): ProblemBody {
  const { status, title } = faults[fault]
  const body = { type: typeOf(code), title, status, detail: sentence ?? `${title}.`, instance: requestId, code }
  const mend = fix ?? usualFix[fault]
  return mend === undefined ? body : { ...body, fix: mend }
}

function typeOf(code: string): string {
  return `urn:gatehouse:problem:${code}`
}

const noHint = 'Check that the whole key is sent and that it belongs to this deployment'

/** What a caller reads who is not let through. No sentence says more of a key than its code does. */
export const refusals = {
  NOT_FOUND: { title: 'The key is not known', detail: 'No key of this deployment is this one.', fix: noHint },
  MALFORMED: {
    title: 'The key is damaged',
    detail: 'What was sent is not a key: its form or its checksum is wrong.',
    fix: 'Send the key as it was shown when it was made: Authorization: Bearer <key>',
  },
  DISABLED: { title: 'The key is disabled', detail: 'This key is switched off.', fix: 'Ask its owner to enable it' },
  REVOKED: { title: 'The key is revoked', detail: 'This key has ended for good.', fix: 'Use another key' },
  EXPIRED: { title: 'The key has expired', detail: 'The time of this key is over.', fix: 'Use a newer key' },
  ROTATED_OUT: {
    title: 'The key was rotated',
    detail: 'This secret was replaced and its grace is over.',
    fix: 'Use the secret that the rotation made',
  },
  FORBIDDEN: {
    title: 'The key does not open this',
    detail: 'This key lacks the scope that is asked for here.',
    fix: 'Use a key that has the scope',
  },
  INSUFFICIENT_PERMISSIONS: {
    title: 'The key may not do this',
    detail: 'This key lacks a permission that is asked for here.',
    fix: 'Use a key that has the permission',
  },
  IP_NOT_ALLOWED: {
    title: 'The key does not work from this address',
    detail: 'This key is bound to other addresses than the one this request came from.',
    fix: 'Call from an allowed address, or have this one added to the key',
  },
  TENANT_SUSPENDED: {
    title: 'The tenant is suspended',
    detail: 'The tenant of this key is suspended.',
    fix: 'Ask the operator to activate the tenant',
  },
  APP_DISABLED: { title: 'The app is disabled', detail: 'The app of this key is disabled.', fix: 'Have it enabled' },
  RATE_LIMITED: {
    title: 'Too many requests',
    detail: 'More was asked than is allowed in this time.',
    fix: 'Wait as long as Retry-After says',
  },
  USAGE_EXCEEDED: {
    title: 'The allowance is used up',
    detail: 'This key has used what it was given.',
    fix: 'Ask for a larger allowance',
  },
  UNAVAILABLE: {
    title: 'The key cannot be checked now',
    detail: 'Gatehouse cannot decide at present. This says nothing about the key.',
    fix: 'Repeat the request after as many seconds as Retry-After says',
  },
} as const satisfies Record<RefusalReason, { title: string; detail: string; fix: string }>

/** Where the mend is the same whoever throws. */
const usualFix: Partial<Record<FaultCode, string>> = {
  'request.two-credentials': 'Send one key, in one header',
  'request.unauthenticated': 'Send a key: Authorization: Bearer <key>',
  'request.timeout': 'Send the whole request sooner',
  'store.unavailable': 'Repeat the request after as many seconds as Retry-After says',
  'tier.unavailable': 'Repeat the request after as many seconds as Retry-After says',
  'check.budget': 'Repeat the request after as many seconds as Retry-After says',
  'check.overloaded': 'Repeat the request after as many seconds as Retry-After says',
  internal: 'Repeat the request; if it fails again, give the operator the value of instance',
}
