import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { Caller } from '../authority/authority.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { Gate } from '../gateway/gate.ts'
import { isToken } from '../gateway/receive.ts'
import { Fault } from '../kernel/fault.ts'
import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import type { VerdictBody, VerifyKeyBody } from './contract.ts'
import { VerdictSchema, Verdicts, VerifyKeys } from './schemas.ts'
import { verdictView } from './views.ts'

/** So many checks of a batch are under way at once: it must not fill what the other callers need. */
const atOnce = 32

export function addVerification({ app, gate }: AdminRoutes): void {
  app.post(
    '/keys/verify',
    {
      schema: {
        tags: ['keys'],
        summary: 'Check one key, or up to 1000',
        description:
          'Answers 200 whatever the verdict: `code` says it, `UNAVAILABLE` included. A batch `{"checks": […]}` answers `{"results": […]}` in the same order.',
        body: VerifyKeys,
        response: adminAnswers({ 200: Type.Union([VerdictSchema, Verdicts]) }, 413),
      },
    },
    async (request) => {
      const caller = callerAt(request)
      const { body } = request
      if (!('checks' in body)) return await checkOne(gate, caller, body, 'ip')
      return { results: await checkAll(gate, caller, body.checks) }
    },
  )
}

async function checkAll(gate: Gate, caller: Caller, checks: readonly VerifyKeyBody[]): Promise<VerdictBody[]> {
  const results = new Array<VerdictBody>(checks.length)
  const queue = checks.entries()
  async function work(): Promise<void> {
    for (const [index, check] of queue) results[index] = await checkOne(gate, caller, check, `checks.${index}.ip`)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, checks.length) }, work))
  return results
}

async function checkOne(gate: Gate, caller: Caller, check: VerifyKeyBody, ipName: string): Promise<VerdictBody> {
  const { key, scope, permissions, ip } = check
  if (ip !== undefined && isIP(ip) === 0) {
    throw new Fault('request.invalid', { public: `${ipName} is not an address`, fix: 'Write it like 203.0.113.7' })
  }
  if (!isToken(key)) return verdictView(refused('MALFORMED'))
  // Guesses through this address are the caller's, not those of the address that the caller names.
  const ask = { scope, permissions, ip, peer: caller.id }
  const verdict = gate.peek(key, ask) ?? (await gate.verify(key, ask))
  return verdictView(asSeenBy(caller, verdict))
}

/** To the admin of one tenant the keys of others do not exist: nothing tells them from keys that nobody has. */
function asSeenBy({ tenantId }: Caller, verdict: Verdict): Verdict {
  if (tenantId === null) return verdict
  const { principal } = verdict
  if (principal?.tenantId === tenantId) return verdict
  const isNobodys = verdict.kind === 'refused' && verdict.reason === 'NOT_FOUND'
  return principal !== null || isNobodys ? refused('NOT_FOUND') : verdict
}

function refused(reason: 'MALFORMED' | 'NOT_FOUND'): Verdict {
  const certificate = { tier: 'none', version: 0, ageMs: 0, degraded: false } as const
  return { kind: 'refused', reason, principal: null, certificate }
}
