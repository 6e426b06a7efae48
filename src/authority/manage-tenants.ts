import { tenantSubject } from '../domain/subjects.ts'
import type { Tenant } from '../domain/tenant.ts'
import { newId } from '../kernel/id.ts'
import type { Caller, Changed, CreateTenant, Deletion, TenantPatch } from './authority.ts'
import { checkKeyPrefix, checkMetadata, checkName } from './check-input.ts'
import type { AuthorityParts } from './parts.ts'
import { marked } from './parts.ts'
import { differences, record } from './record.ts'
import { requireAllTenants, visible } from './rights.ts'

export async function createTenant(
  { store, clock }: AuthorityParts,
  caller: Caller,
  input: CreateTenant,
): Promise<Tenant> {
  requireAllTenants(caller)
  checkTenant(input)
  const nowMs = clock.wall()
  const tenant: Tenant = {
    id: newId('ten'),
    name: input.name,
    state: 'active',
    keyPrefix: input.keyPrefix ?? null,
    metadata: input.metadata ?? {},
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  }
  await store.write(async (tx) => {
    await tx.insertTenant(tenant)
    const changes = { name: tenant.name, keyPrefix: tenant.keyPrefix }
    await record(tx, caller, { ...about(tenant), atMs: nowMs, action: 'tenant.create', changes })
  })
  return tenant
}

/** A caller with a tenant may change its metadata. Names are unique among all tenants: whoever tries them learns others. */
export async function updateTenant(
  { store, clock }: AuthorityParts,
  caller: Caller,
  id: string,
  patch: TenantPatch,
): Promise<Changed<Tenant>> {
  checkTenant(patch)
  const nowMs = clock.wall()
  return store.write(async (tx) => {
    const before = visible(caller, 'tenant', await tx.tenant(id))
    const after: Tenant = {
      ...before,
      name: patch.name ?? before.name,
      state: patch.state ?? before.state,
      keyPrefix: patch.keyPrefix === undefined ? before.keyPrefix : patch.keyPrefix,
      metadata: patch.metadata ?? before.metadata,
      updatedAtMs: nowMs,
    }
    const changes = differences(before, after, ['name', 'state', 'keyPrefix', 'metadata'])
    if (Object.keys(changes).length === 0) return before
    if (Object.keys(changes).some((member) => member !== 'metadata')) requireAllTenants(caller)
    await tx.saveTenant(after)
    const action = 'state' in changes ? stateActions[after.state] : 'tenant.update'
    await record(tx, caller, { ...about(after), atMs: nowMs, action, changes })
    if ('state' in changes) tx.mark({ subjects: [tenantSubject(id)], restricts: true })
    return after
  })
}

export async function deleteTenant({ store, clock }: AuthorityParts, caller: Caller, id: string): Promise<Deletion> {
  const nowMs = clock.wall()
  const written = await store.write(async (tx) => {
    const tenant = visible(caller, 'tenant', await tx.tenant(id))
    requireAllTenants(caller)
    await tx.deleteTenant(id)
    await record(tx, caller, {
      ...about(tenant),
      atMs: nowMs,
      action: 'tenant.delete',
      changes: { name: tenant.name },
    })
    tx.mark({ subjects: [tenantSubject(id)], terminal: true, restricts: true })
  })
  return marked(written)
}

const stateActions = { active: 'tenant.activate', suspended: 'tenant.suspend' } as const

function about({ id }: Tenant) {
  return { subjectType: 'tenant', subjectId: id, tenantId: id } as const
}

function checkTenant({ name, keyPrefix, metadata }: TenantPatch): void {
  if (name !== undefined) checkName(name)
  if (keyPrefix !== undefined && keyPrefix !== null) checkKeyPrefix(keyPrefix)
  if (metadata !== undefined) checkMetadata(metadata)
}
