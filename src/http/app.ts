import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault,
} from 'fastify'
import type { Logger } from 'pino'
import { isRequestId, newRequestId } from '../gateway/request-id.ts'
import { readJson } from './json-body.ts'
import { problemOf, sendProblem } from './problem.ts'
import { readQuery } from './query.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Of every body; a batch of 1000 keys fits. */
const bodyLimit = 1024 * 1024

/** The web server without its routes: ids, bodies, problems and log lines are the same for all of them. */
export function createApp(log: Logger, isDraining: () => boolean): App {
  const app: App = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: (request) => requestIdOf(request),
    bodyLimit,
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 128 },
    // A value of a wrong type is refused, not bent until it fits; unknown members are refused, not dropped.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false } },
    frameworkErrors: (error, request, reply) => sendProblem(reply, problemOf(error, request.id)),
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Views name their members themselves; schemas of answers are for readers.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    readJson(body as Buffer, request.headers['content-type'], done)
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id)
    reply.header('X-Content-Type-Options', 'nosniff')
    reply.header('Cache-Control', 'no-store')
    const trace = request.headers.traceparent
    if (typeof trace === 'string' && traceparent.test(trace)) reply.header('traceparent', trace)
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => {
    readQuery(request)
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // A client that is told so opens its next request elsewhere instead of meeting a reset.
    if (isDraining()) reply.header('Connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    logDone(request, reply)
    done()
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id)
    if (problem.status === 500) request.log.error({ err: error }, 'request failed')
    else if (problem.status === 503) request.log.warn({ code: problem.code }, 'request could not be served')
    return sendProblem(reply, problem)
  })
  return app
}

const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

function requestIdOf(request: { readonly headers: IncomingMessage['headers'] }): string {
  const sent = request.headers['x-request-id']
  return typeof sent === 'string' && isRequestId(sent) ? sent : newRequestId()
}

/** The route, never the address as it was sent: somebody may have put a key into it. */
function logDone(request: FastifyRequest, reply: FastifyReply): void {
  const line = {
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    tookMs: Math.round(reply.elapsedTime * 1000) / 1000,
  }
  if (request.method === 'GET' || request.method === 'HEAD') request.log.debug(line, 'request served')
  else request.log.info(line, 'request served')
}
