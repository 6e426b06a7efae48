import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from '../gateway/answer.ts'

/** What `Prefer` says of those who cannot read the body of a check. */
export const problemHeaderWish = 'problem-header'

/**
 * nginx throws away the body of a refused check, and with it the connection that it came on. To whoever prefers it, the
 * problem therefore goes in the header `X-Gatehouse-Problem`, and no body follows.
 */
export function asPreferred(answer: Answer, { prefer }: IncomingHttpHeaders): Answer {
  if (prefer !== problemHeaderWish) return answer
  const headers: string[] = ['X-Gatehouse-Problem', visible(answer.body)]
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    const name = answer.headers[i] ?? ''
    if (name !== 'Content-Type') headers.push(name, name === 'Content-Length' ? '0' : (answer.headers[i + 1] ?? ''))
  }
  return { status: answer.status, headers, body: '' }
}

/** The same JSON, of characters that a header may hold. */
function visible(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
