import type { App } from '../domain/app.ts'
import { appSubject } from '../domain/subjects.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/id.ts'
import type { AppPatch, Caller, Changed, CreateApp, Deletion } from './authority.ts'
import { checkMetadata, checkName, invalid } from './check-input.ts'
import type { AuthorityParts } from './parts.ts'
import { marked } from './parts.ts'
import { differences, record } from './record.ts'
import { visible } from './rights.ts'

export async function createApp({ store, clock }: AuthorityParts, caller: Caller, input: CreateApp): Promise<App> {
  checkApp(input)
  const tenantId = input.tenantId ?? caller.tenantId
  if (tenantId === null) throw invalid('tenantId is missing', 'Say to which tenant the app is to belong')
  const nowMs = clock.wall()
  const { value } = await store.write(async (tx) => {
    const tenant = visible(caller, 'tenant', await tx.tenant(tenantId))
    const app: App = {
      id: newId('app'),
      tenantId: tenant.id,
      name: input.name,
      mode: input.mode,
      state: 'active',
      metadata: input.metadata ?? {},
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    }
    await tx.insertApp(app)
    const changes = { name: app.name, mode: app.mode }
    await record(tx, caller, { ...about(app), atMs: nowMs, action: 'app.create', changes })
    return app
  })
  return value
}

export async function updateApp(
  { store, clock }: AuthorityParts,
  caller: Caller,
  id: string,
  patch: AppPatch,
): Promise<Changed<App>> {
  checkApp(patch)
  const nowMs = clock.wall()
  return store.write(async (tx) => {
    const before = visible(caller, 'app', await tx.app(id))
    const after: App = {
      ...before,
      name: patch.name ?? before.name,
      state: patch.state ?? before.state,
      metadata: patch.metadata ?? before.metadata,
      updatedAtMs: nowMs,
    }
    const changes = differences(before, after, ['name', 'state', 'metadata'])
    if (Object.keys(changes).length === 0) return before
    await tx.saveApp(after)
    const action = 'state' in changes ? stateActions[after.state] : 'app.update'
    await record(tx, caller, { ...about(after), atMs: nowMs, action, changes })
    if ('state' in changes) tx.mark({ subjects: [appSubject(id)], restricts: true })
    return after
  })
}

export async function deleteApp({ store, clock }: AuthorityParts, caller: Caller, id: string): Promise<Deletion> {
  const nowMs = clock.wall()
  const written = await store.write(async (tx) => {
    const app = visible(caller, 'app', await tx.app(id))
    // Keys are made with their app locked, so that none is made between this look and the deletion.
    if (await tx.appIsUsed(id)) throw stillUsed(id)
    await tx.deleteApp(id)
    await record(tx, caller, { ...about(app), atMs: nowMs, action: 'app.delete', changes: { name: app.name } })
    tx.mark({ subjects: [appSubject(id)], terminal: true, restricts: true })
  })
  return marked(written)
}

function stillUsed(id: string): Fault {
  const fix = `Revoke them first; the list of keys with appId=${id} names them. To refuse them all at once, disable the app`
  return new Fault('request.conflict', { public: 'Keys that are not revoked belong to this app', fix })
}

const stateActions = { active: 'app.enable', disabled: 'app.disable' } as const

function about({ id, tenantId }: App) {
  return { subjectType: 'app', subjectId: id, tenantId } as const
}

function checkApp({ name, metadata }: AppPatch): void {
  if (name !== undefined) checkName(name)
  if (metadata !== undefined) checkMetadata(metadata)
}
