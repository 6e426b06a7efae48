import { type Demand, hasScope, judge } from '../domain/judge.ts'
import type { Certificate, RefusalReason, Verdict } from '../domain/verdict.ts'
import type { Passport } from './passport.ts'

/** From a known key to a verdict. Most keys are plain and most demands a scope at most: those take the short way. */
export function authorise(
  passport: Passport,
  demand: Demand | undefined,
  nowMs: number,
  certificate: Certificate,
): Verdict {
  const { principal } = passport
  const scope = demand?.scope
  if (passport.plain && demand?.permissions === undefined && (scope === undefined || hasScope(passport, scope))) {
    return { kind: 'accepted', principal, certificate }
  }
  const code = judge(passport.credential, demand ?? {}, nowMs)
  if (code === 'VALID') return { kind: 'accepted', principal, certificate }
  return { kind: 'refused', reason: code, principal, certificate }
}

export function refusal(reason: RefusalReason, certificate: Certificate = noCertificate): Verdict {
  return { kind: 'refused', reason, principal: null, certificate }
}

/** Nobody was asked. */
const noCertificate: Certificate = { tier: 'none', version: 0, ageMs: 0, degraded: false }
