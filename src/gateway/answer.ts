import type { Principal } from '../domain/principal.ts'
import type { Certificate, RefusalReason, Tier, Verdict } from '../domain/verdict.ts'
import type { FaultCode, FaultOptions } from '../kernel/fault.ts'
import { faultProblem, type ProblemBody, refusalProblem } from './problem.ts'
import type { NotReceived } from './receive.ts'

/** One answer of the door, the same on `/authz` and in every middleware. */
export interface Answer {
  readonly status: number
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: string[]
  readonly body: string
}

/** What the one who protects a place calls it and asks for; both were validated. */
export interface Place {
  readonly realm?: string | undefined
  readonly scope?: string | undefined
}

type Refusal = Extract<Verdict, { kind: 'refused' }>

export function refusalAnswer(refusal: Refusal, place: Place, requestId: string): Answer {
  const problem = refusalProblem(refusal.reason, requestId)
  const headers = ['Cache-Status', cacheStatus[refusal.certificate.tier], ...demands(problem, place, refusal.reason)]
  return problemAnswer(problem, headers)
}

export function notReceivedAnswer({ kind }: NotReceived, place: Place, requestId: string): Answer {
  if (kind === 'doubled') return faultAnswer('request.two-credentials', requestId)
  const absent = kind === 'absent'
  const problem = absent ? faultProblem('request.unauthenticated', requestId) : refusalProblem('MALFORMED', requestId)
  return problemAnswer(problem, demands(problem, place, absent ? undefined : 'MALFORMED'))
}

export function faultAnswer(
  code: FaultCode,
  requestId: string,
  words?: Pick<FaultOptions, 'public' | 'fix' | 'code'>,
): Answer {
  const problem = faultProblem(code, requestId, words)
  return problemAnswer(problem, problem.status === 503 ? ['Retry-After', '1'] : [])
}

export function problemAnswer(problem: ProblemBody, headers: readonly string[]): Answer {
  const body = JSON.stringify(problem)
  const own = ['Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body))]
  const kept = ['Cache-Control', 'no-store', 'X-Request-Id', problem.instance]
  return { status: problem.status, headers: [...headers, ...own, ...kept], body }
}

/** RFC 6750, section 3: no error code where nothing was sent. */
function demands({ status }: ProblemBody, place: Place, reason: RefusalReason | undefined): string[] {
  if (status === 503 || status === 429) return ['Retry-After', '1']
  if (status !== 401 && status !== 403) return []
  const parts = [`Bearer realm="${place.realm ?? 'gatehouse'}"`]
  if (status === 403) parts.push('error="insufficient_scope"')
  else if (reason !== undefined) parts.push('error="invalid_token"')
  if (reason === 'FORBIDDEN' && place.scope !== undefined) parts.push(`scope="${place.scope}"`)
  return ['WWW-Authenticate', parts.join(', ')]
}

/** RFC 9211, with the tier as detail. */
const cacheStatus = {
  L1: 'Gatehouse; hit; detail=L1',
  L2: 'Gatehouse; hit; detail=L2',
  L3: 'Gatehouse; fwd=miss; detail=L3',
  none: 'Gatehouse; fwd=bypass',
} as const satisfies Record<Tier, string>

/** Of each principal, for as long as its entry is cached. */
const passes = new WeakMap<Principal, { readonly fresh: string[]; readonly names: readonly string[] }>()

/**
 * Headers of an accepted check. Those of a hit in this process are made once for each cached entry and lent out with only
 * the request id changed: hand the list to `writeHead` at once, and keep nothing of it.
 */
export function acceptedHeaders(
  principal: Principal,
  certificate: Certificate,
  requestId: string,
  tookMs: number,
): string[] {
  let pass = passes.get(principal)
  if (pass === undefined) {
    const names = identityHeaders(principal)
    pass = { names, fresh: [...names, 'Cache-Status', cacheStatus.L1, ...instantly, ...empty, ''] }
    passes.set(principal, pass)
  }
  if (certificate.tier === 'L1' && !certificate.degraded) {
    pass.fresh[pass.fresh.length - 1] = requestId
    return pass.fresh
  }
  const degraded = certificate.degraded ? ['X-Gatehouse-Degraded', 'true'] : []
  const timing = ['Server-Timing', `check;dur=${tookMs.toFixed(2)}`]
  const status = ['Cache-Status', cacheStatus[certificate.tier]]
  return [...pass.names, ...degraded, ...status, ...timing, ...empty, requestId]
}

const instantly = ['Server-Timing', 'check;dur=0'] as const
const empty = ['Content-Length', '0', 'X-Request-Id'] as const

/** Who calls, for the service behind the door. */
export function identityHeaders(principal: Principal): string[] {
  const { keyId, tenantId, appId, subject, scopes } = principal
  const headers = ['X-Gatehouse-Key-Id', plain(keyId)]
  if (tenantId !== null) headers.push('X-Gatehouse-Tenant-Id', plain(tenantId))
  if (appId !== null) headers.push('X-Gatehouse-App-Id', plain(appId))
  headers.push('X-Gatehouse-Subject', plain(subject), 'X-Gatehouse-Scopes', plain(scopes.join(' ')))
  return headers
}

/** Nothing that was stored can end a header line, whoever let it in. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
