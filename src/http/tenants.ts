import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import { changeOf } from './change.ts'
import { pageQuery, pageView } from './pages.ts'
import { Change, CreateTenant, IdParams, ListMembers, listOf, Tenant, UpdateTenant } from './schemas.ts'
import { tenantView } from './views.ts'

export function addTenants({ app, authority }: AdminRoutes): void {
  const tags = ['tenants']
  app.post(
    '/tenants',
    { schema: { tags, summary: 'Create a tenant', body: CreateTenant, response: adminAnswers({ 201: Tenant }, 409) } },
    async (request, reply) => {
      const tenant = await authority.createTenant(callerAt(request), request.body)
      return reply.code(201).header('Location', `/api/v1/tenants/${tenant.id}`).send(tenantView(tenant))
    },
  )
  app.get(
    '/tenants',
    {
      schema: {
        tags,
        summary: 'List tenants',
        querystring: ListMembers,
        response: adminAnswers({ 200: listOf(Tenant) }),
      },
    },
    async (request) => pageView(await authority.tenants(callerAt(request), pageQuery(request.query)), tenantView),
  )
  app.get(
    '/tenants/:id',
    { schema: { tags, summary: 'Get a tenant', params: IdParams, response: adminAnswers({ 200: Tenant }, 404) } },
    async (request) => tenantView(await authority.tenant(callerAt(request), request.params.id)),
  )
  app.patch(
    '/tenants/:id',
    {
      schema: {
        tags,
        summary: 'Change, suspend or activate a tenant',
        description: 'With an admin key of the tenant itself: its metadata only.',
        params: IdParams,
        body: UpdateTenant,
        response: adminAnswers({ 200: Tenant }, 404, 409),
      },
    },
    async (request) => {
      const { value } = await authority.updateTenant(callerAt(request), request.params.id, request.body)
      return tenantView(value)
    },
  )
  app.delete(
    '/tenants/:id',
    {
      schema: {
        tags,
        summary: 'Delete a tenant that has no apps and no keys',
        params: IdParams,
        response: adminAnswers({ 200: Change }, 404, 409),
      },
    },
    async (request) => changeOf(await authority.deleteTenant(callerAt(request), request.params.id)),
  )
}
