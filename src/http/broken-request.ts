import type { Duplex } from 'node:stream'
import { faultProblem, type ProblemBody } from '../gateway/problem.ts'
import { newRequestId } from '../gateway/request-id.ts'

type ParserError = Error & { readonly code?: string }

/** What could not be read as HTTP gets its answer on the bare connection, which ends with it. */
export function answerBrokenRequest(error: ParserError, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { reason, problem } = answerTo(error.code, newRequestId())
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${reason}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${problem.instance}`,
    'Cache-Control: no-store',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function answerTo(code: string | undefined, requestId: string): { reason: string; problem: ProblemBody } {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const words = { public: 'The headers are larger than 16 KiB', fix: 'Send fewer or shorter headers' }
    const title = 'Request Header Fields Too Large'
    return { reason: title, problem: { ...faultProblem('request.too-large', requestId, words), status: 431 } }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { reason: 'Request Timeout', problem: faultProblem('request.timeout', requestId) }
  }
  const words = { public: 'This is not a request in HTTP/1.1', fix: 'Send a well-formed request; one Host header' }
  return { reason: 'Bad Request', problem: faultProblem('request.malformed', requestId, words) }
}
