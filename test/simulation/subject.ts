import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The code under test, from the sources or from a copy with a planted mistake. */
export interface Subject {
  readonly cache: typeof import('../../src/cache/index.ts')
  readonly guard: typeof import('../../src/cache/guarded-tier.ts')
  readonly fault: typeof import('../../src/kernel/fault.ts')
  readonly sql: typeof import('../../src/testing/simulated-sql.ts')
  readonly tier: typeof import('../../src/testing/simulated-tier.ts')
  readonly ports: typeof import('../../src/testing/simulated-ports.ts')
}

/** `directory` is the `src` of a checkout. */
export async function loadSubject(directory: string): Promise<Subject> {
  const load = (path: string) => import(pathToFileURL(resolve(directory, path)).href)
  const [cache, guard, fault, sql, tier, ports] = await Promise.all([
    load('cache/index.ts'),
    load('cache/guarded-tier.ts'),
    load('kernel/fault.ts'),
    load('testing/simulated-sql.ts'),
    load('testing/simulated-tier.ts'),
    load('testing/simulated-ports.ts'),
  ])
  return { cache, guard, fault, sql, tier, ports }
}
