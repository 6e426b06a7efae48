import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/servers/global-setup.ts'],
    // Forks, not threads: test servers are tied to the life of the process that starts them.
    pool: 'forks',
    // Several files bring a Postgres and a Redis of their own; more at once only makes each slower.
    maxWorkers: Math.max(1, Math.min(availableParallelism(), 4)),
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'suite',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Whole fleets, judged by bounds on time: one at a time, when nothing else runs.
          name: 'faults',
          include: ['test/faults/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
