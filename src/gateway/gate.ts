import type { Demand } from '../domain/judge.ts'
import type { Verdict } from '../domain/verdict.ts'

/** A demand, with what the gate itself needs to know of the request. */
export interface Ask extends Demand {
  /** Which peer asks, for the allowance of unknown foreign tokens. Default: `ip`. */
  readonly peer?: string | undefined
}

/** The check: the one pipeline behind `/authz`, `keys/verify`, the library and the middlewares. */
export interface Gate {
  /** Synchronous; `undefined` when another tier would have to be asked. */
  peek(token: string, ask?: Ask): Verdict | undefined
  /** Never throws for what a caller sent or a store failed at: an outage is the refusal `UNAVAILABLE`. */
  verify(token: string, ask?: Ask): Promise<Verdict>
}
