import { Type } from 'typebox'
import { verdictStatus } from '../domain/verdict.ts'
import { refusalsOf } from './answers.ts'
import type { App } from './app.ts'
import type { RequestListener } from './authz.ts'
import type { Health } from './health.ts'
import { problemHeaderWish } from './problem-header.ts'
import { Ready } from './schemas.ts'

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

/**
 * Describes what is answered before the router. From the network these are reached only by methods that the plain
 * functions leave to it.
 */
export function addPlain(app: App, { authz, health }: { authz: RequestListener; health: Health }): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/authz',
    schema: {
      tags: ['check'],
      summary: 'Forward authentication',
      description: `Takes any method. 401: ${codesOf(401)}. 403: ${codesOf(403)}. 429: ${codesOf(429)}. 503: ${codesOf(503)}. Keys in the query are not read.`,
      security: [{ key: [] }],
      querystring: AuthzQuery,
      headers: AuthzHeaders,
      response: { 200: passed, ...refusalsOf(400, 401, 403, 429, 503) },
    },
    // What the check itself says of a bad query is the same on every way in.
    validatorCompiler: () => () => true,
    handler: (request, reply) => {
      reply.hijack()
      authz(request.raw, reply.raw)
    },
  })
  app.get(
    '/healthz',
    {
      schema: {
        tags: ['operations'],
        summary: 'The process answers; nothing else is asked',
        response: { 200: Type.Object({ status: Type.String({ examples: ['ok'] }) }) },
      },
    },
    (request, reply) => {
      reply.hijack()
      health.live(request.raw, reply.raw)
    },
  )
  app.get(
    '/readyz',
    {
      schema: {
        tags: ['operations'],
        summary: 'Whether this node can check keys',
        response: { 200: Ready, 503: { ...Ready, description: 'Not yet, no longer, or shutting down.' } },
      },
    },
    (request, reply) => {
      reply.hijack()
      health.ready(request.raw, reply.raw)
    },
  )
}

const AuthzQuery = Type.Object({
  scope: Type.Optional(Type.String({ description: 'The key must open this realm, by its kind or a scope.' })),
  permission: Type.Optional(
    Type.Array(Type.String(), { description: 'The key must hold all of these; may be repeated.' }),
  ),
  realm: Type.Optional(Type.String({ description: 'For `WWW-Authenticate`.', default: 'gatehouse' })),
})

const AuthzHeaders = Type.Object({
  Prefer: Type.Optional(
    Type.Literal(problemHeaderWish, {
      description: 'A refusal brings its problem in the header `X-Gatehouse-Problem` instead of the body.',
    }),
  ),
})

const passed = {
  description: 'The request may pass. The body is empty.',
  type: 'null',
  headers: Object.fromEntries(
    Object.entries(identity).map(([name, description]) => [name, { type: 'string', description }]),
  ),
}
