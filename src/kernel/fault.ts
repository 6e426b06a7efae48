/**
 * What may go wrong, as one table. A refusal is a value and does not stand here; these are failures and bad requests.
 * Only `title` and the given `public` sentence and `fix` ever leave the process; `detail` and `cause` are for operators.
 */
export const faults = {
  'request.malformed': { status: 400, title: 'The request could not be read' },
  'request.two-credentials': { status: 400, title: 'More than one credential was sent' },
  'request.invalid': { status: 400, title: 'The request has a member that is not valid' },
  'request.unauthenticated': { status: 401, title: 'A credential is needed' },
  'request.forbidden': { status: 403, title: 'This credential may not do that' },
  'request.not-found': { status: 404, title: 'There is nothing at this address' },
  'request.method': { status: 405, title: 'This address does not take that method' },
  'request.timeout': { status: 408, title: 'The request did not arrive in time' },
  'request.conflict': { status: 409, title: 'The request conflicts with what exists' },
  'request.gone': { status: 410, title: 'What the request names is gone' },
  'request.too-large': { status: 413, title: 'The request is too large' },
  'request.media-type': { status: 415, title: 'The body is of a type that is not read here' },
  'request.expectation': { status: 417, title: 'The expectation of the request cannot be met' },
  'request.rate-limited': { status: 429, title: 'Too many requests' },
  'setting.invalid': { status: 500, title: 'A setting is not valid' },
  'store.unavailable': { status: 503, title: 'Storage cannot be reached' },
  'store.incompatible': { status: 503, title: 'The stored schema is not one that this version may use' },
  'tier.unavailable': { status: 503, title: 'The shared tier cannot be reached' },
  'check.budget': { status: 503, title: 'The check did not finish within its budget' },
  'check.overloaded': { status: 503, title: 'Too many requests wait for storage' },
  internal: { status: 500, title: 'Something went wrong inside' },
} as const satisfies Record<string, { status: number; title: string }>

export type FaultCode = keyof typeof faults

export interface FaultOptions {
  /** A sentence for the caller: what is wrong with what they sent. Must hold nothing internal. */
  readonly public?: string
  /** A sentence for the caller: what to change. */
  readonly fix?: string
  /** For the log only. */
  readonly detail?: string
  readonly cause?: unknown
  /** The machine code in the body, where it is not the fault's own. */
  readonly code?: string
}

/** The only error class of the project. `message` is for logs. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly status: number
  readonly public: string | undefined
  readonly fix: string | undefined
  readonly detail: string | undefined
  readonly publicCode: string | undefined

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super([faults[code].title, options.public, options.detail].filter(Boolean).join(': '), { cause: options.cause })
    this.code = code
    this.status = faults[code].status
    this.public = options.public
    this.fix = options.fix
    this.detail = options.detail
    this.publicCode = options.code
  }
}
