import { faultAnswer } from '../gateway/answer.ts'
import { newRequestId } from '../gateway/request-id.ts'
import { type RequestListener, send } from './authz.ts'
import type { Health } from './health.ts'

/** The check and the probes are told from everything else before any router. */
export function inFront(authz: RequestListener, health: Health, rest: RequestListener): RequestListener {
  return (request, response) => {
    const { url, method } = request
    if (isPath(url, '/authz')) return authz(request, response)
    const reads = method === 'GET' || method === 'HEAD'
    if (reads && isPath(url, '/healthz')) return health.live(request, response)
    if (reads && isPath(url, '/readyz')) return health.ready(request, response)
    return rest(request, response)
  }
}

/** Where the admin API has a listener of its own, the public one holds nothing else. */
export const nothingElse: RequestListener = (_request, response) => {
  const words = { public: 'There is nothing at this address.', fix: 'The admin API listens elsewhere' }
  send(response, faultAnswer('request.not-found', newRequestId(), words))
}

function isPath(url: string | undefined, path: string): boolean {
  if (url === undefined || !url.startsWith(path)) return false
  return url.length === path.length || url.charCodeAt(path.length) === 63
}
