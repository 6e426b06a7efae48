import type { IncomingMessage, ServerResponse } from 'node:http'
import { faultAnswer } from '../gateway/answer.ts'
import { newRequestId } from '../gateway/request-id.ts'
import { type RequestListener, send } from './authz.ts'

/** RFC 9112, section 3.2: with two, whoever reads next may believe the other one. */
export function withOneHost(handle: RequestListener): RequestListener {
  return (request, response) => {
    const hosts = hostsIn(request.rawHeaders)
    if (hosts === 1 || (hosts === 0 && request.httpVersion === '1.0')) return handle(request, response)
    const said = hosts === 0 ? 'The request has no Host header' : 'The request has more than one Host header'
    refuse(response, 'request.malformed', { public: said, fix: 'Send one Host header' })
  }
}

/** Node answers `100-continue` itself; there is nothing else that may be expected. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const words = { public: 'Only 100-continue can be expected here', fix: 'Leave the header Expect out' }
  refuse(response, 'request.expectation', words)
}

/** The connection ends with it: what follows may have been meant for somebody else. */
function refuse(
  response: ServerResponse,
  code: 'request.malformed' | 'request.expectation',
  words: { readonly public: string; readonly fix: string },
): void {
  response.shouldKeepAlive = false
  send(response, faultAnswer(code, newRequestId(), words))
}

/** Asked of every request: reads the raw list, since `headers` builds an object, and keeps the first of two. */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) hosts++
  }
  return hosts
}
