import { isRequestId } from './request-id.ts'

/**
 * What the door reads of a request's head, in one walk over the raw list: Node's own `headers` joins or drops doubled
 * headers, and a doubled credential must be seen. This runs on every check, so it allocates one object.
 */
export interface Head {
  /** What stands in the token's place, not looked at yet (`tokenFault`), or why there is none. */
  readonly credential: string | NotReceived
  /** As the client sent it, if it may be used as an id. */
  readonly requestId: string | undefined
  /** All `X-Forwarded-For` headers in order, joined. */
  readonly forwardedFor: string | undefined
  /** `undefined` as well when it was sent twice. */
  readonly realIp: string | undefined
}

export interface NotReceived {
  readonly kind: 'absent' | 'doubled' | 'malformed'
}

const absent: NotReceived = { kind: 'absent' }
const doubled: NotReceived = { kind: 'doubled' }
const malformed: NotReceived = { kind: 'malformed' }

/** Longer ones are no keys: they are not hashed and not looked up. */
export const longestToken = 512
const visibleAscii = /^[!-~]+$/
const joinedByProxy = /,\s*bearer\s/i

/** `names`: in lower case, the headers that may carry a key beside `Authorization`. */
export function readHead(rawHeaders: readonly string[], names: readonly string[]): Head {
  let authorization: string | undefined
  let named: string | undefined
  let credentials = 0
  let requestId: string | undefined
  let forwardedFor: string | undefined
  let realIp: string | undefined
  let realIps = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    if (names.length > 0 && names.includes(name.toLowerCase())) {
      credentials++
      named = value
    } else if (isNamed(name, 'Authorization', 'authorization')) {
      // Sent twice, whoever reads next may take the other one: that is two, of whatever schemes.
      if (authorization !== undefined) credentials = 2
      else if (isBearer(value)) credentials++
      authorization = value
    } else if (isNamed(name, 'X-Request-Id', 'x-request-id')) {
      if (isRequestId(value)) requestId = value
    } else if (isNamed(name, 'X-Forwarded-For', 'x-forwarded-for')) {
      forwardedFor = forwardedFor === undefined ? value : `${forwardedFor},${value}`
    } else if (isNamed(name, 'X-Real-IP', 'x-real-ip')) {
      realIp = value
      realIps++
    }
  }
  const credential = credentials > 1 ? doubled : (named ?? (authorization ? readBearer(authorization) : absent))
  return { credential, requestId, forwardedFor, realIp: realIps === 1 ? realIp : undefined }
}

/** 1 to 512 visible ASCII characters: what is not, is no key of anybody. */
export function isToken(text: string): boolean {
  return text.length <= longestToken && visibleAscii.test(text)
}

/** What follows `Bearer`. Other schemes are the business of whoever is behind the door. */
export function readBearer(authorization: string): string | NotReceived {
  if (!isBearer(authorization)) return absent
  let start = 6
  while (authorization.charCodeAt(start) === 32) start++
  return authorization.slice(start)
}

/**
 * Why this text is nobody's token, if it is not. Only to be asked of what this process does not know: going through the
 * characters costs a fifth of a whole check, and a text whose digest is known was looked at before.
 */
export function tokenFault(text: string): NotReceived | undefined {
  if (isToken(text)) return undefined
  return joinedByProxy.test(text) ? doubled : malformed
}

/** Followed by a space, or by what somebody may have taken for one: then the token is damaged, but it was sent. */
function isBearer(value: string): boolean {
  if (value.length < 6 || (value.length > 6 && isVisible(value.charCodeAt(6)))) return false
  return value.startsWith('Bearer') || value.slice(0, 6).toLowerCase() === 'bearer'
}

const isVisible = (code: number) => code > 32 && code < 127

/** The two spellings that occur are compared first; lower-casing every name of every request would cost more than the check. */
function isNamed(name: string, usual: string, lower: string): boolean {
  return name.length === lower.length && (name === usual || name === lower || name.toLowerCase() === lower)
}
