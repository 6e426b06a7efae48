import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/servers/global-setup.ts'],
    // Forks, not threads: test servers are tied to the life of the process that starts them.
    pool: 'forks',
    // Several files bring a Postgres and a Redis of their own; more at once only makes each slower.
    maxWorkers: Math.max(1, Math.min(availableParallelism(), 4)),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    restoreMocks: true,
  },
})
