import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '../domain/principal.ts'
import type { Gate } from '../gateway/gate.ts'
import { createProtection, type Passage, type ProtectionOptions } from '../gateway/protection.ts'

export type ProtectOptions = Omit<ProtectionOptions, 'gate'>
export type ProtectedHandler = (request: IncomingMessage, response: ServerResponse, principal: Principal) => unknown

/**
 * Lets `handler` see only requests whose key is good, and answers the others as `/authz` does. What the handler throws is
 * its own: a rejection reaches whoever called.
 *
 *   createServer(protect(gate, (request, response, principal) => response.end(principal.keyId), { scope: 'service' }))
 */
export function protect(
  gate: Gate,
  handler: ProtectedHandler,
  options: ProtectOptions = {},
): (request: IncomingMessage, response: ServerResponse) => unknown {
  const enter = createProtection({ ...options, gate })
  return (request, response) => {
    const proceed = (passage: Passage) => {
      if (passage.kind === 'passed') return handler(request, response, passage.principal)
      const { status, headers, body } = passage.answer
      return response.writeHead(status, headers).end(body)
    }
    const passage = enter(request)
    return passage instanceof Promise ? passage.then(proceed) : proceed(passage)
  }
}
