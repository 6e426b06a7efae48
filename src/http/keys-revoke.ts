import { parseDuration } from '../kernel/duration.ts'
import { Fault } from '../kernel/fault.ts'
import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import type { RevokeQuery } from './contract.ts'
import { IdParams, Receipt, RevokeMembers } from './schemas.ts'
import { receiptView } from './views.ts'

const longestWaitMs = 15 * 60_000
const usualWaitMs = 2_000

export function addRevocation({ app, revoker }: AdminRoutes): void {
  const schema = {
    tags: ['keys'],
    description:
      'For good. The receipt says which nodes have confirmed, and from when on no node can accept the key even if it is cut off.',
    params: IdParams,
    querystring: RevokeMembers,
    response: adminAnswers({ 200: Receipt }, 404),
  }
  app.post('/keys/:id/revoke', { schema: { ...schema, summary: 'Revoke a key' } }, async (request) => {
    const how = { remove: false, timeoutMs: waitOf(request.query) }
    return receiptView(await revoker.revoke(callerAt(request), request.params.id, how))
  })
  app.delete('/keys/:id', { schema: { ...schema, summary: 'Revoke a key and hide it' } }, async (request) => {
    const how = { remove: true, timeoutMs: waitOf(request.query) }
    return receiptView(await revoker.revoke(callerAt(request), request.params.id, how))
  })
}

function waitOf({ wait = 'none', timeout }: RevokeQuery): number {
  const ms = timeout === undefined ? usualWaitMs : parseDuration(timeout)
  if (ms === undefined || ms > longestWaitMs) {
    throw new Fault('request.invalid', {
      public: 'timeout is not a duration of at most 15m',
      fix: 'Write it like 500ms, 2s or 15m',
    })
  }
  return wait === 'all' ? ms : 0
}
