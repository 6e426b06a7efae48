import type { ListBody, ProblemBody } from '../http/contract.ts'
import { Fault, type FaultCode, faults } from '../kernel/fault.ts'
import type { Secret } from '../kernel/secret.ts'

export interface ApiOptions {
  readonly url: string
  readonly adminKey: Secret
  /** Longest wait for an answer, ms. */
  readonly timeoutMs?: number
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** A running server, as a command talks to it. Every refusal and outage is a `Fault` whose sentence is for the reader. */
export interface Api {
  get<T>(path: string, query?: Query): Promise<T>
  /** `undefined` members of the body are left out. */
  post<T>(path: string, body: object, query?: Query): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  remove<T>(path: string, query?: Query): Promise<T>
}

type Problem = Partial<ProblemBody>

export function createApi({ url, adminKey, timeoutMs = 30_000 }: ApiOptions): Api {
  async function ask<T>(method: string, path: string, body?: object, query: Query = {}): Promise<T> {
    const address = new URL(`api/v1/${path}`, url.endsWith('/') ? url : `${url}/`)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) address.searchParams.set(name, String(value))
    }
    const answer = await fetch(address, {
      method,
      redirect: 'error', // A redirect would carry the admin key elsewhere.
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${adminKey.reveal()}`,
        accept: 'application/json, application/problem+json',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw unreachable(address.origin, cause)
    })
    const content = await answer.text()
    if (!answer.ok) throw refusal(answer.status, content, address)
    return parsed(content, address) as T
  }

  return {
    get: (path, query) => ask('GET', path, undefined, query),
    post: (path, body, query) => ask('POST', path, body, query),
    patch: (path, body) => ask('PATCH', path, body),
    remove: (path, query) => ask('DELETE', path, undefined, query),
  }
}

/** Everything of a list, page by page. */
export async function* pages<T>(api: Api, path: string, query: Query): AsyncGenerator<ListBody<T>> {
  let cursor = query.cursor
  do {
    const page: ListBody<T> = await api.get(path, { ...query, cursor })
    yield page
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

function parsed(content: string, address: URL): unknown {
  if (content === '') return {}
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw notGatehouse(address, cause)
  }
}

function refusal(status: number, content: string, address: URL): Fault {
  const problem = asProblem(content)
  if (!problem) return notGatehouse(address, `status ${status}`)
  const code = (Object.keys(faults) as FaultCode[]).find((one) => faults[one].status === status) ?? 'internal'
  const fix =
    problem.fix ?? (status === 401 ? 'Give a valid admin key with --admin-key or GATEHOUSE_ADMIN_KEY' : undefined)
  return new Fault(code, {
    public: problem.detail ?? problem.title ?? `The server answered ${status}`,
    ...(fix && { fix }),
    ...(problem.code && { code: problem.code }),
    ...(problem.instance && { detail: `request ${problem.instance}` }),
  })
}

function asProblem(content: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(content)
    return typeof value === 'object' && value !== null && 'title' in value ? (value as Problem) : undefined
  } catch {
    return undefined
  }
}

function notGatehouse(address: URL, cause: unknown): Fault {
  return new Fault('request.not-found', {
    public: `What answers at ${address.origin} is not the admin API of Gatehouse`,
    fix: 'Name it with --url or GATEHOUSE_URL; with GATEHOUSE_ADMIN_LISTEN it is on that listener',
    cause,
  })
}

function unreachable(origin: string, cause: unknown): Fault {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError'
  const inner = cause instanceof Error ? cause.cause : undefined
  const code = inner instanceof Error && 'code' in inner ? ` (${String(inner.code)})` : ''
  return new Fault('store.unavailable', {
    public: timedOut ? `The server at ${origin} did not answer in time` : `No server answers at ${origin}${code}`,
    fix: 'Start one with `gatehouse serve`, or name another with --url or GATEHOUSE_URL',
    cause,
  })
}
