import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import { pageQuery, pageView } from './pages.ts'
import { AuditEntry, AuditListMembers, listOf } from './schemas.ts'
import { auditView } from './views.ts'

export function addAudit({ app, authority }: AdminRoutes): void {
  app.get(
    '/audit',
    {
      schema: {
        tags: ['operations'],
        summary: 'Who changed what, when, from where; the newest first',
        querystring: AuditListMembers,
        response: adminAnswers({ 200: listOf(AuditEntry) }, 404),
      },
    },
    async (request) => pageView(await authority.audit(callerAt(request), pageQuery(request.query)), auditView),
  )
}
