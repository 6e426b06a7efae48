import type { TSchema } from 'typebox'
import { Problem } from './schemas.ts'

/** The refusals of an address, for its documentation. */
const sentences = {
  400: 'The request is not valid: `detail` names the member, `fix` what is allowed.',
  401: 'No credential, or one that is not good: `code` says why.',
  403: 'The credential is good, but may not do this.',
  404: 'There is nothing with this id that the caller may see.',
  405: 'This address does not take that method; `Allow` names those that it takes.',
  409: 'This contradicts what exists.',
  413: 'The body is larger than 1 MiB.',
  415: 'The body is not JSON.',
  429: 'Too many requests; `Retry-After` says when to come again.',
  503: 'Gatehouse cannot decide at present; `Retry-After` says when to come again.',
} as const

type RefusedStatus = keyof typeof sentences

const examples: Readonly<Partial<Record<RefusedStatus, { code: string; title: string; detail: string; fix: string }>>> =
  {
    400: {
      code: 'request.invalid',
      title: 'The request has a member that is not valid',
      detail: 'expiresInSecond is not a member that is known here',
      fix: 'Leave it out, or correct its spelling; /docs names the members',
    },
    401: {
      code: 'REVOKED',
      title: 'The key is revoked',
      detail: 'This key has ended for good.',
      fix: 'Use another key',
    },
    403: {
      code: 'FORBIDDEN',
      title: 'The key does not open this',
      detail: 'This key lacks the scope that is asked for here.',
      fix: 'Use a key that has the scope',
    },
    503: {
      code: 'UNAVAILABLE',
      title: 'The key cannot be checked now',
      detail: 'Gatehouse cannot decide at present. This says nothing about the key.',
      fix: 'Repeat the request after as many seconds as Retry-After says',
    },
  }

/** Whoever administrates may meet these everywhere. */
const adminRefusals = [400, 401, 403, 503] as const

/** The documented answers of an address of the admin API: what it gives, and the refusals beside the usual ones. */
export function adminAnswers(good: Readonly<Record<number, TSchema>>, ...more: readonly RefusedStatus[]) {
  return { ...good, ...refusalsOf(...adminRefusals, ...more) }
}

export function refusalsOf(...statuses: readonly RefusedStatus[]): Record<number, unknown> {
  return Object.fromEntries(statuses.map((status) => [status, refusal(status)]))
}

function refusal(status: RefusedStatus) {
  const words = examples[status]
  const example = words && {
    type: `urn:gatehouse:problem:${words.code}`,
    title: words.title,
    status,
    detail: words.detail,
    instance: 'Xk3p0QzLw8Ta-1f',
    code: words.code,
    fix: words.fix,
  }
  return {
    description: sentences[status],
    content: { 'application/problem+json': { schema: Problem, ...(example && { example }) } },
  }
}

/** An answer in a form of its own, such as a page. */
export function textAnswer(type: string, description: string) {
  return { description, content: { [type]: { schema: { type: 'string' } } } }
}
