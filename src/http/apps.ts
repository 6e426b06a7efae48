import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import { changeOf } from './change.ts'
import { pageQuery, pageView } from './pages.ts'
import { App, Change, CreateApp, IdParams, ListMembers, listOf, UpdateApp } from './schemas.ts'
import { appView } from './views.ts'

export function addApps({ app, authority }: AdminRoutes): void {
  const tags = ['apps']
  app.post(
    '/apps',
    { schema: { tags, summary: 'Create an app', body: CreateApp, response: adminAnswers({ 201: App }, 404, 409) } },
    async (request, reply) => {
      const made = await authority.createApp(callerAt(request), request.body)
      return reply.code(201).header('Location', `/api/v1/apps/${made.id}`).send(appView(made))
    },
  )
  app.get(
    '/apps',
    {
      schema: {
        tags,
        summary: 'List apps',
        querystring: ListMembers,
        response: adminAnswers({ 200: listOf(App) }, 404),
      },
    },
    async (request) => pageView(await authority.apps(callerAt(request), pageQuery(request.query)), appView),
  )
  app.get(
    '/apps/:id',
    { schema: { tags, summary: 'Get an app', params: IdParams, response: adminAnswers({ 200: App }, 404) } },
    async (request) => appView(await authority.app(callerAt(request), request.params.id)),
  )
  app.patch(
    '/apps/:id',
    {
      schema: {
        tags,
        summary: 'Change, disable or enable an app',
        params: IdParams,
        body: UpdateApp,
        response: adminAnswers({ 200: App }, 404, 409),
      },
    },
    async (request) => {
      const { value } = await authority.updateApp(callerAt(request), request.params.id, request.body)
      return appView(value)
    },
  )
  app.delete(
    '/apps/:id',
    {
      schema: {
        tags,
        summary: 'Delete an app that has no keys',
        description: 'Revoked keys do not count.',
        params: IdParams,
        response: adminAnswers({ 200: Change }, 404, 409),
      },
    },
    async (request) => changeOf(await authority.deleteApp(callerAt(request), request.params.id)),
  )
}
