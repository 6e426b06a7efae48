import type { AdminRoutes } from './admin-routes.ts'
import { callerAt, requireAllTenants } from './admission.ts'
import { adminAnswers } from './answers.ts'
import { changeOf } from './change.ts'
import { Change, listOf, Node, NodeStateSchema } from './schemas.ts'

export function addNodes({ app, authority, nodeState }: AdminRoutes): void {
  const tags = ['operations']
  app.get(
    '/nodes',
    { schema: { tags, summary: 'List the nodes', response: adminAnswers({ 200: listOf(Node) }) } },
    async (request) => {
      requireAllTenants(callerAt(request))
      const { nodes } = await nodeState()
      return { data: nodes, nextCursor: null }
    },
  )
  app.get(
    '/nodes/self',
    { schema: { tags, summary: 'What the node that answers knows', response: adminAnswers({ 200: NodeStateSchema }) } },
    async (request) => {
      requireAllTenants(callerAt(request))
      return await nodeState()
    },
  )
  app.post(
    '/cache/flush',
    { schema: { tags, summary: 'Every node drops what it has cached', response: adminAnswers({ 200: Change }) } },
    async (request) => changeOf(await authority.flushCaches(callerAt(request))),
  )
}
