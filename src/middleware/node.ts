import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '../domain/principal.ts'
import { type Answer, faultAnswer } from '../gateway/answer.ts'
import type { Gate } from '../gateway/gate.ts'
import { createProtection, type Passage, type ProtectionOptions } from '../gateway/protection.ts'
import { newRequestId } from '../gateway/request-id.ts'

export interface ProtectOptions extends Omit<ProtectionOptions, 'gate'> {
  /** Is told what the handler threw or rejected with. Default: `process.emitWarning`. Must not throw. */
  readonly onError?: (error: unknown, request: IncomingMessage) => void
}
export type ProtectedHandler = (request: IncomingMessage, response: ServerResponse, principal: Principal) => unknown

/**
 * Lets `handler` see only requests whose key is good, and answers the others as `/authz` does. A handler that throws or
 * rejects costs its own request only: 500 if nothing was sent yet, else the connection is cut.
 *
 *   createServer(protect(gate, (request, response, principal) => response.end(principal.keyId), { scope: 'service' }))
 */
export function protect(
  gate: Gate,
  handler: ProtectedHandler,
  options: ProtectOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const { onError = warn, ...protection } = options
  const enter = createProtection({ ...protection, gate })
  return (request, response) => {
    const fail = (error: unknown) => {
      endFailed(response)
      onError(error, request)
    }
    const proceed = (passage: Passage) => {
      if (passage.kind === 'passed') return handler(request, response, passage.principal)
      return answer(response, passage.answer)
    }
    try {
      const passage = enter(request)
      const done = passage instanceof Promise ? passage.then(proceed) : proceed(passage)
      if (isThenable(done)) done.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
  }
}

function answer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body)
}

/** Half an answer must not look like a whole one. */
function endFailed(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else answer(response, faultAnswer('internal', newRequestId()))
}

function warn(error: unknown): void {
  process.emitWarning(`A handler behind Gatehouse failed: ${error instanceof Error ? error.stack : String(error)}`)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
