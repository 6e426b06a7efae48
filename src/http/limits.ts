/** Bounds on what one client can hold. */
export interface HttpLimits {
  /** Of all header lines of a request, bytes. */
  readonly headerBytes: number
  /** For the head of a request to arrive, from the opening of the connection, ms. */
  readonly headersMs: number
  /** For a whole request to arrive, ms. How long its answer takes is not bounded by it. */
  readonly requestMs: number
  /** How long a connection may lie idle between requests, ms: longer than proxies keep theirs, so that they close first. */
  readonly keepAliveMs: number
  /** How often slow clients are looked for, ms. */
  readonly sweepMs: number
  readonly connections: number
}

export const usualLimits: HttpLimits = {
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
  sweepMs: 2_000,
  connections: 20_000,
}
