import type { RequestListener } from './authz.ts'

/** The check is told from everything else before any router. */
export function inFront(authz: RequestListener, rest: RequestListener): RequestListener {
  return (request, response) => {
    if (isPath(request.url, '/authz')) authz(request, response)
    else rest(request, response)
  }
}

const hidden = '/.not-here'
const open = ['/healthz', '/readyz']

/** What the public listener shows when the admin API has a listener of its own: for everything else, nothing is there. */
export function onlyHealth(rest: RequestListener): RequestListener {
  return (request, response) => {
    if (!open.some((path) => isPath(request.url, path))) request.url = hidden
    rest(request, response)
  }
}

function isPath(url: string | undefined, path: string): boolean {
  if (url === undefined || !url.startsWith(path)) return false
  return url.length === path.length || url.charCodeAt(path.length) === 63
}
