import type { FastifyReply } from 'fastify'
import { faultProblem, type ProblemBody } from '../gateway/problem.ts'
import { Fault, type FaultCode, faults } from '../kernel/fault.ts'
import { schemaWords } from './schema-words.ts'

/** What the framework throws for what a client sent. */
const frameworkFaults: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'request.malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request.malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'request.malformed',
  FST_ERR_BAD_URL: 'request.malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'request.not-found',
  FST_ERR_NOT_FOUND: 'request.not-found',
}

const words: Partial<Record<FaultCode, { readonly public: string; readonly fix: string }>> = {
  'request.media-type': { public: 'Only JSON is read here.', fix: 'Send Content-Type: application/json' },
  'request.too-large': { public: 'A body may have at most 1 MiB.', fix: 'Send it in several requests' },
  'request.malformed': { public: 'The request could not be read.', fix: 'Check the address, the length and the body' },
  'request.not-found': { public: 'There is nothing at this address.', fix: 'See /docs for the addresses there are' },
  'request.method': { public: 'This address does not take that method.', fix: 'Use one of those that Allow names' },
}

/** Whatever was thrown, as a body that may leave: from the table, or the bare sentence that something went wrong inside. */
export function problemOf(error: unknown, requestId: string): ProblemBody {
  if (typeof error === 'string' && error in faults) return fromTable(error as FaultCode, requestId)
  if (error instanceof Fault) return fromFault(error, requestId)
  if (typeof error !== 'object' || error === null) return faultProblem('internal', requestId)
  if ('validation' in error && Array.isArray(error.validation)) {
    const context = 'validationContext' in error ? String(error.validationContext) : 'body'
    return faultProblem('request.invalid', requestId, schemaWords(error.validation, context))
  }
  const known = 'code' in error ? frameworkFaults[String(error.code)] : undefined
  if (known) return fromTable(known, requestId)
  const status = 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status < 500 ? fromTable('request.malformed', requestId) : faultProblem('internal', requestId)
}

function fromTable(code: FaultCode, requestId: string): ProblemBody {
  return faultProblem(code, requestId, words[code])
}

function fromFault(fault: Fault, requestId: string): ProblemBody {
  // A wrong setting is the operator's business, whoever asked.
  if (fault.status === 500) return faultProblem('internal', requestId)
  return faultProblem(fault.code, requestId, {
    ...words[fault.code],
    ...(fault.public === undefined ? {} : { public: fault.public }),
    ...(fault.fix === undefined ? {} : { fix: fault.fix }),
    ...(fault.publicCode === undefined ? {} : { code: fault.publicCode }),
  })
}

export function sendProblem(reply: FastifyReply, problem: ProblemBody): FastifyReply {
  if (problem.status === 503) reply.header('Retry-After', '1')
  reply.header('X-Request-Id', problem.instance).header('Cache-Control', 'no-store')
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}
