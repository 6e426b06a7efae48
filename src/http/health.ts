import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { faultAnswer } from '../gateway/answer.ts'
import { newRequestId } from '../gateway/request-id.ts'
import { type RequestListener, send } from './authz.ts'
import type { NodeState, ReadyBody } from './contract.ts'

/**
 * Plain functions, as the check is: probes ask them from the first moment on, and must not make a node load the parts
 * that only administration needs.
 */
export interface Health {
  /** Answers as long as the process does; nothing else is asked. */
  readonly live: RequestListener
  /** Whether this node can check keys. */
  readonly ready: RequestListener
}

export interface HealthParts {
  readonly nodeState: () => Promise<NodeState>
  readonly isDraining: () => boolean
  readonly log: Logger
}

export function createHealth({ nodeState, isDraining, log }: HealthParts): Health {
  return {
    live(_request, response) {
      sendJson(response, 200, { status: 'ok' })
    },
    ready(_request, response) {
      nodeState()
        .then((state) => {
          const body = readyBody(state, isDraining())
          sendJson(response, body.ready ? 200 : 503, body)
        })
        .catch((error: unknown) => {
          const requestId = newRequestId()
          log.error({ requestId, err: error }, 'readiness could not be told')
          send(response, faultAnswer('internal', requestId))
        })
    },
  }
}

function readyBody({ ready, lease, log, tiers }: NodeState, draining: boolean): ReadyBody {
  return { ready: ready && !draining, draining, lease, log, tiers }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  const length = String(Buffer.byteLength(body))
  const headers = ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', length]
  send(response, { status, headers: [...headers, 'Cache-Control', 'no-store', 'X-Request-Id', newRequestId()], body })
}
