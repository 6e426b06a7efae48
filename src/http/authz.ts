import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Verdict } from '../domain/verdict.ts'
import { type Answer, acceptedHeaders, faultAnswer, notReceivedAnswer, refusalAnswer } from '../gateway/answer.ts'
import type { Door } from '../gateway/door.ts'
import type { NotReceived } from '../gateway/receive.ts'
import { newRequestId } from '../gateway/request-id.ts'
import type { Clock } from '../kernel/clock.ts'
import { createAskReader } from './authz-query.ts'
import { createOutageLog } from './outage-log.ts'
import { asPreferred } from './problem-header.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Forward authentication. Stands in front of the web server as a plain function: an accepted check writes no log line,
 * opens no span and waits for no promise when this process knows the key.
 */
export function createAuthz(parts: { door: Door; clock: Clock; log: Logger }): RequestListener {
  const { door, clock, log } = parts
  const readAsk = createAskReader()
  const outages = createOutageLog(log, clock)

  return (request, response) => {
    const head = door.head(request)
    const requestId = head.requestId ?? newRequestId()
    const asked = readAsk(request.url ?? '')

    function refuse(answer: Answer, code: string): void {
      log.debug({ requestId, code, status: answer.status }, 'check refused')
      send(response, asPreferred(answer, request.headers))
    }

    if (asked.kind === 'invalid') {
      return refuse(faultAnswer('request.invalid', requestId, asked.words), 'request.invalid')
    }

    function conclude(verdict: Verdict | NotReceived, tookMs: number): void {
      if (verdict.kind === 'accepted') {
        outages.decided()
        response.writeHead(200, acceptedHeaders(verdict.principal, verdict.certificate, requestId, tookMs))
        response.end()
      } else if (verdict.kind === 'refused') {
        if (verdict.reason === 'UNAVAILABLE') outages.undecided(requestId)
        refuse(refusalAnswer(verdict, asked, requestId), verdict.reason)
      } else {
        refuse(notReceivedAnswer(verdict, asked, requestId), verdict.kind)
      }
    }

    function fail(error: unknown): void {
      log.error({ requestId, err: error }, 'check failed')
      if (!response.headersSent) send(response, asPreferred(faultAnswer('internal', requestId), request.headers))
    }

    try {
      const verdict = door.check(request, head, asked)
      if (!(verdict instanceof Promise)) return conclude(verdict, 0)
      const since = clock.mono()
      verdict.then((late) => conclude(late, clock.mono() - since)).catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.end(body)
}
