import { everything } from '../cache/subjects.ts'
import type { Caller, Deletion } from './authority.ts'
import type { AuthorityParts } from './parts.ts'
import { marked } from './parts.ts'
import { record } from './record.ts'
import { requireAllTenants } from './rights.ts'

export async function flushCaches({ store, clock }: AuthorityParts, caller: Caller): Promise<Deletion> {
  requireAllTenants(caller)
  const atMs = clock.wall()
  const written = await store.write(async (tx) => {
    await record(tx, caller, {
      atMs,
      action: 'cache.flush',
      subjectType: 'deployment',
      subjectId: 'all',
      tenantId: null,
      changes: {},
    })
    tx.mark({ subjects: [everything], restricts: true })
  })
  return marked(written)
}
