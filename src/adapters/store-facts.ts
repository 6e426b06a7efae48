/** What a store says of itself. */
export interface StoreFacts {
  readonly version: string
  /** The store's own clock, ms since the epoch. */
  readonly wallMs: number
}
