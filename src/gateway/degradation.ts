/** What an operator chooses between: never a doubt, a short one, a long one. */
export const postures = ['strict', 'balanced', 'available'] as const
export type Posture = (typeof postures)[number]

/**
 * What the check answers when a part it leans on is away. `serve-known`: what this node last saw valid, for the grace of
 * the posture, marked as degraded; beyond that, and for what it never saw, 503. Unknown keys never pass and known-revoked
 * ones are refused in every cell.
 */
export const degradation = {
  'shared-tier-away': { strict: 'serve-fresh', balanced: 'serve-fresh', available: 'serve-fresh' },
  'sql-away': { strict: 'refuse', balanced: 'serve-known', available: 'serve-known' },
  'both-away': { strict: 'refuse', balanced: 'serve-known', available: 'serve-known' },
  'change-log-silent': { strict: 'refuse', balanced: 'serve-known', available: 'serve-known' },
} as const satisfies Record<string, Record<Posture, 'serve-fresh' | 'serve-known' | 'refuse'>>

/** G: how long a lapsed node may go on serving what it knows, ms. Every receipt's bound is D + G. */
export const graceMs = { strict: 0, balanced: 120_000, available: 600_000 } as const satisfies Record<Posture, number>
