import swagger from '@fastify/swagger'
import { Type } from 'typebox'
import { verdictStatus } from '../domain/verdict.ts'
import { refusalsOf } from './answers.ts'
import type { App } from './app.ts'
import type { RequestListener } from './authz.ts'

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

const codes = Object.entries(verdictStatus)
const codesOf = (status: number) => codes.flatMap(([code, its]) => (its === status ? [`\`${code}\``] : [])).join(', ')

const identity = {
  'X-Gatehouse-Key-Id': 'The key.',
  'X-Gatehouse-Tenant-Id': 'Its tenant; absent for none.',
  'X-Gatehouse-App-Id': 'Its app; absent for none.',
  'X-Gatehouse-Subject': '`key:<id>`',
  'X-Gatehouse-Scopes': 'Separated by spaces.',
  'X-Gatehouse-Degraded': '`true` when a declared degradation let the key pass; else absent.',
} as const

/** Describes the check. Requests from the network are answered before the router; this way in is for `inject` alone. */
export function addAuthz(app: App, authz: RequestListener): void {
  const refusals = refusalsOf(400, 401, 403, 429, 503)
  app.route({
    method: ['GET', 'POST'],
    url: '/authz',
    schema: {
      tags: ['check'],
      summary: 'Forward authentication',
      description: `Takes any method. 401: ${codesOf(401)}. 403: ${codesOf(403)}. 429: ${codesOf(429)}. 503: ${codesOf(503)}. Keys in the query are not read.`,
      security: [{ key: [] }],
      querystring: Type.Object({
        scope: Type.Optional(Type.String({ description: 'The key must open this realm, by its kind or a scope.' })),
        permission: Type.Optional(
          Type.Array(Type.String(), { description: 'The key must hold all of these; may be repeated.' }),
        ),
        realm: Type.Optional(Type.String({ description: 'For `WWW-Authenticate`.', default: 'gatehouse' })),
      }),
      response: {
        200: {
          description: 'The request may pass. The body is empty.',
          type: 'null',
          headers: Object.fromEntries(
            Object.entries(identity).map(([name, description]) => [name, { type: 'string', description }]),
          ),
        },
        ...refusals,
      },
    },
    // What the check itself says of a bad query is the same on every way in.
    validatorCompiler: () => () => true,
    handler: (request, reply) => {
      reply.hijack()
      authz(request.raw, reply.raw)
    },
  })
}
