import swagger from '@fastify/swagger'
import type { App } from './app.ts'

/** Collects the description of every route that is added after it. */
export async function addOpenapi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse',
        version,
        description:
          'Issues API keys, checks them in microseconds and revokes them for good. Times are RFC 3339 in UTC; lists are `{data, nextCursor}`; refusals are `application/problem+json` (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'check', description: 'For proxies: may this request pass?' },
        { name: 'keys', description: 'API keys: make, check, rotate, revoke, import.' },
        { name: 'tenants', description: 'Whose keys they are.' },
        { name: 'apps', description: 'What keys open.' },
        { name: 'operations', description: 'State, metrics, audit.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'Any key of this deployment.' },
          adminKey: { type: 'http', scheme: 'bearer', description: 'A key of the kind `admin`.' },
        },
      },
    },
  })
  app.get(
    '/openapi.json',
    {
      schema: {
        tags: ['operations'],
        summary: 'This description',
        response: { 200: { description: 'OpenAPI 3.1', type: 'object' } },
      },
    },
    async () => app.swagger(),
  )
}
