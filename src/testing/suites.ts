/** What each implementation of a port must pass, as vitest suites. Apart from the rest, which needs no vitest. */
export { type OpenTier, sharedTierSuite } from './shared-tier-suite.ts'
export { type OpenTextTier, sharedTierTextSuite } from './shared-tier-text-suite.ts'
