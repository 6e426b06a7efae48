import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, type ScratchAuthority, scratchAuthority } from '../../test/servers/scratch-authority.ts'
import { judge } from '../domain/judge.ts'
import type { Secret } from '../kernel/secret.ts'

let house: ScratchAuthority
beforeAll(async () => {
  house = await scratchAuthority()
})
afterAll(() => house.close())

let count = 0
async function owned() {
  const { authority } = house
  const tenant = await authority.createTenant(root, { name: `Tenant ${count++}` })
  const app = await authority.createApp(root, { tenantId: tenant.id, name: 'Chat', mode: 'chat' })
  const { key, secret } = await authority.createKey(root, {
    kind: 'app',
    tenantId: tenant.id,
    appId: app.id,
    name: 'k',
  })
  return { tenant, app, key, secret }
}

async function verdict(secret: Secret) {
  const { credential } = await house.credential(secret)
  return credential && judge(credential, { scope: 'app' }, house.now())
}

async function marksOf(work: () => Promise<unknown>) {
  const { head } = await house.database.changeLog.snapshot(1e12, 1000)
  await work()
  const { rows } = await house.database.changeLog.read('nobody', head.seq + 1, 100)
  return rows.map(({ subjects, terminal, restricts }) => [...subjects, terminal, restricts])
}

describe('a tenant', () => {
  it('takes its keys with it when it is suspended, and brings them back when it is active again', async () => {
    const { tenant, secret } = await owned()
    const suspend = () => house.authority.updateTenant(root, tenant.id, { state: 'suspended' })
    expect(await marksOf(suspend)).toEqual([[`tenant:${tenant.id}`, false, true]])
    expect(await verdict(secret)).toBe('TENANT_SUSPENDED')
    expect(await marksOf(suspend)).toEqual([])
    await house.authority.updateTenant(root, tenant.id, { state: 'active' })
    expect(await verdict(secret)).toBe('VALID')
    const { data } = await house.authority.audit(root, { limit: 10, subjectId: tenant.id })
    expect(data.map(({ action }) => action).sort()).toEqual(['tenant.activate', 'tenant.create', 'tenant.suspend'])
  })

  it('marks nothing for its name, metadata and key prefix', async () => {
    const { tenant } = await owned()
    const patch = { name: `Renamed ${count++}`, metadata: { a: 1 }, keyPrefix: 'own' }
    expect(await marksOf(() => house.authority.updateTenant(root, tenant.id, patch))).toEqual([])
    expect(await house.authority.tenant(root, tenant.id)).toMatchObject(patch)
  })

  it('is deleted only when nothing hangs on it, and then for good', async () => {
    const { tenant, app, key } = await owned()
    const remove = () => house.authority.deleteTenant(root, tenant.id)
    await expect(remove()).rejects.toMatchObject({ code: 'request.conflict' })
    await house.authority.deleteKey(root, key.id)
    await house.authority.deleteApp(root, app.id)
    expect(await marksOf(remove)).toEqual([[`tenant:${tenant.id}`, true, true]])
    await expect(house.authority.tenant(root, tenant.id)).rejects.toMatchObject({ code: 'request.not-found' })
  })

  it('is renamed by callers over all tenants only: a name that is taken would tell of another', async () => {
    const { tenant } = await owned()
    const { tenant: other } = await owned()
    const caller = { ...root, id: 'x', tenantId: tenant.id }
    const attempts = [other.name, `Free ${count++}`].map((name) =>
      house.authority.updateTenant(caller, tenant.id, { name }).then(
        () => undefined,
        ({ code, public: said }: { code: string; public: string }) => [code, said],
      ),
    )
    const [taken, free] = await Promise.all(attempts)
    expect(taken).toEqual(free)
    expect(taken?.[0]).toBe('request.forbidden')
    const kept = { name: tenant.name, metadata: { a: 1 } }
    expect((await house.authority.updateTenant(caller, tenant.id, kept)).value).toMatchObject(kept)
  })

  it('has a name of its own', async () => {
    await house.authority.createTenant(root, { name: 'Twice' })
    const again = house.authority.createTenant(root, { name: 'Twice' })
    await expect(again).rejects.toMatchObject({ code: 'request.conflict', public: expect.any(String) })
  })

  it.each(['g', 'x'.repeat(25), 'Acme', 'a-b', 'gh', 'gh_admin', ''])(
    'takes no key prefix such as %j',
    async (keyPrefix) => {
      const created = house.authority.createTenant(root, { name: `Prefix ${keyPrefix}`, keyPrefix })
      await expect(created).rejects.toMatchObject({ code: 'request.invalid', fix: expect.any(String) })
    },
  )
})

describe('an app', () => {
  it('takes its keys with it when it is disabled, and brings them back when it is enabled', async () => {
    const { app, secret } = await owned()
    const disable = () => house.authority.updateApp(root, app.id, { state: 'disabled' })
    expect(await marksOf(disable)).toEqual([[`app:${app.id}`, false, true]])
    expect(await verdict(secret)).toBe('APP_DISABLED')
    await house.authority.updateApp(root, app.id, { state: 'active' })
    expect(await verdict(secret)).toBe('VALID')
    const rename = () => house.authority.updateApp(root, app.id, { name: 'New', metadata: { a: 1 } })
    expect(await marksOf(rename)).toEqual([])
  })

  it('is deleted only when no key hangs on it that could work again, and then for good', async () => {
    const { app, key, secret } = await owned()
    const remove = () => house.authority.deleteApp(root, app.id)
    const refusal = { code: 'request.conflict', fix: expect.stringContaining(app.id) }
    await expect(remove()).rejects.toMatchObject(refusal)
    await house.authority.updateKey(root, key.id, { state: 'disabled' })
    await expect(remove()).rejects.toMatchObject(refusal)
    await house.authority.updateKey(root, key.id, { state: 'active' })
    expect(await verdict(secret)).toBe('VALID')
    await house.authority.revokeKey(root, key.id)
    expect(await marksOf(remove)).toEqual([[`app:${app.id}`, true, true]])
    expect(await verdict(secret)).toBe('REVOKED')
    expect(await house.authority.key(root, key.id)).toMatchObject({ state: 'revoked' })
    await expect(house.authority.app(root, app.id)).rejects.toMatchObject({ code: 'request.not-found' })
  })

  it('belongs to a tenant that exists', async () => {
    const none = house.authority.createApp(root, { name: 'x', mode: 'chat' })
    await expect(none).rejects.toMatchObject({ code: 'request.invalid' })
    const unknown = house.authority.createApp(root, { tenantId: 'ten_none', name: 'x', mode: 'chat' })
    await expect(unknown).rejects.toMatchObject({ code: 'request.not-found' })
  })
})

it('a flush of all caches is one log entry over everything', async () => {
  expect(await marksOf(() => house.authority.flushCaches(root))).toEqual([['all', false, true]])
})
