import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, type ScratchAuthority, scratchAuthority } from '../../test/servers/scratch-authority.ts'
import type { ApiKey } from '../domain/api-key.ts'
import { judge } from '../domain/judge.ts'
import type { Secret } from '../kernel/secret.ts'
import { parseKey } from '../tokens/key-format.ts'
import type { Caller, CreateKey, IssuedKey } from './authority.ts'

let house: ScratchAuthority
let tenantId: string
beforeAll(async () => {
  house = await scratchAuthority()
  tenantId = (await house.authority.createTenant(root, { name: 'Acme' })).id
})
afterAll(() => house.close())

const create = (more: Partial<CreateKey> = {}): Promise<IssuedKey> =>
  house.authority.createKey(root, { kind: 'service', tenantId, name: 'a key', ...more })
const fresh = () => randomBytes(16).toString('base64url')

async function verdict(secret: Secret) {
  const { credential } = await house.credential(secret)
  return credential === null ? 'NOT_FOUND' : judge(credential, {}, house.now())
}

async function rows(sinceSeq: number) {
  const { positions: _, head } = await house.database.changeLog.snapshot(1e12, 10_000)
  const { rows } = await house.database.changeLog.read('nobody', sinceSeq + 1, 1000)
  expect(head.seq).toBe(sinceSeq + rows.length)
  return rows.map(({ subjects, terminal, restricts }) => ({ subjects, terminal, restricts }))
}
const headSeq = async () => (await house.database.changeLog.snapshot(1e12, 10_000)).head.seq

describe('creating a key', () => {
  it('gives a key in the published format that a check finds at once', async () => {
    const { key, secret, repeated } = await create({ scopes: ['orders:read'] })
    expect(repeated).toBe(false)
    expect(parseKey(secret.reveal())).toMatchObject({ prefix: 'gh_svc', id: key.id })
    expect(key).toMatchObject({ prefix: 'gh_svc', lastFour: secret.reveal().slice(-4), state: 'active' })
    const { credential } = await house.credential(secret)
    expect(credential).toMatchObject({ keyId: key.id, tenantId, scopes: ['orders:read'], keyState: 'active' })
  })

  it('keeps nothing of the secret in the key, the digest, the audit and the log', async () => {
    const before = await headSeq()
    const { key, secret } = await create({ idempotencyKey: 'idempotency-key-0123456789' })
    const audit = await house.authority.audit(root, { limit: 10, subjectId: key.id })
    const digests = await house.database.store.digests(key.id)
    const kept = JSON.stringify([key, digests, audit, await rows(before)])
    expect(kept).not.toContain(parseKey(secret.reveal())?.secret)
    expect(kept).not.toContain('idempotency-key-0123456789')
    expect(`${secret}${JSON.stringify(secret)}`).toBe('[secret]"[secret]"')
  })

  it('ends the cached absence of its digest and restricts nothing', async () => {
    const before = await headSeq()
    const { key } = await create()
    const [digest] = await house.database.store.digests(key.id)
    expect(await rows(before)).toEqual([{ subjects: [`digest:${digest?.digest}`], terminal: false, restricts: false }])
  })

  it('says in the audit who did it, from where and in which request', async () => {
    const { key } = await create({ name: 'audited' })
    const { data } = await house.authority.audit(root, { limit: 10, subjectId: key.id })
    expect(data).toMatchObject([
      {
        action: 'key.create',
        tenantId,
        actor: { id: 'cli', ip: '192.0.2.7', requestId: 'req-1' },
        changes: { name: 'audited', kind: 'service' },
      },
    ])
  })

  it('answers a repeat with the same key and secret, and changes nothing', async () => {
    const request = { idempotencyKey: fresh(), metadata: { a: 1, b: 2 }, expiresInSeconds: 60 }
    const first = await create(request)
    const before = await headSeq()
    house.advance(1000)
    const again = await create({ ...request, metadata: { b: 2, a: 1 } })
    expect(again).toMatchObject({ key: first.key, repeated: true, position: null })
    expect(again.secret.reveal()).toBe(first.secret.reveal())
    expect(await headSeq()).toBe(before)
  })

  it('answers a repeat also after the key was renamed, but not after it was revoked or rotated', async () => {
    const request = { idempotencyKey: fresh() }
    const { key, secret } = await create(request)
    await house.authority.updateKey(root, key.id, { name: 'renamed' })
    expect((await create(request)).secret.reveal()).toBe(secret.reveal())
    await house.authority.rotateKey(root, key.id, { graceSeconds: 60 })
    await expect(create(request)).rejects.toMatchObject({ code: 'request.conflict' })
    await house.authority.deleteKey(root, key.id)
    await expect(create(request)).rejects.toMatchObject({ code: 'request.conflict' })
    const other = { idempotencyKey: fresh() }
    await house.authority.revokeKey(root, (await create(other)).key.id)
    await expect(create(other)).rejects.toMatchObject({ code: 'request.conflict' })
  })

  it('refuses the same idempotency key for another request', async () => {
    const idempotencyKey = fresh()
    await create({ idempotencyKey, name: 'one' })
    await expect(create({ idempotencyKey, name: 'two' })).rejects.toMatchObject({
      code: 'request.conflict',
      fix: 'Send a new idempotencyKey',
    })
  })

  it('makes one key of many equal requests at once', async () => {
    const idempotencyKey = fresh()
    const issued = await Promise.all(Array.from({ length: 8 }, () => create({ idempotencyKey })))
    expect(new Set(issued.map(({ secret }) => secret.reveal())).size).toBe(1)
    expect(issued.filter(({ repeated }) => !repeated)).toHaveLength(1)
  })

  it("puts the tenant's own prefix in place of gh", async () => {
    const own = await house.authority.createTenant(root, { name: 'Own prefix', keyPrefix: 'my_co' })
    const { secret } = await create({ kind: 'app', tenantId: own.id })
    expect(secret.reveal()).toMatch(/^my_co_app_[0-9A-Za-z]{56}$/)
  })

  it.each<[Partial<CreateKey>, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: 'a\0' }, 'name'],
    [{ name: '\ud800' }, 'name'],
    [{ scopes: ['a b'] }, 'scopes'],
    [{ permissions: ['ä'] }, 'permissions'],
    [{ allowedCidrs: ['10.0.0.1/8'] }, 'Write 10.0.0.0/8'],
    [{ allowedCidrs: ['::1', '::1'] }, 'twice'],
    [{ environment: 'a b' }, 'environment'],
    [{ metadata: { x: 'y'.repeat(17_000) } }, 'metadata'],
    [{ metadata: [] as never }, 'metadata'],
    [{ expiresAtMs: 1_900_000_000_000 }, 'in the past'],
    [{ expiresAtMs: 2.5 }, 'expiresAt'],
    [{ expiresAtMs: Number.MAX_SAFE_INTEGER }, 'expiresAt'],
    [{ expiresInSeconds: 0 }, 'expiresInSeconds'],
    [{ expiresInSeconds: 1e12 }, 'expiresInSeconds'],
    [{ expiresInSeconds: 60, expiresAtMs: 2_000_000_000_000 }, 'both'],
    [{ idempotencyKey: 'short' }, 'idempotencyKey'],
    [{ tenantId: null }, 'tenantId'],
    [{ appId: 'app_unknown' }, 'appId'],
    [{ kind: 'admin', appId: 'app_unknown' }, 'appId'],
  ])('refuses %j and says what to change', async (input, said) => {
    const fault = await create(input).catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'request.invalid', fix: expect.any(String) })
    expect(JSON.stringify(fault) + String(fault)).toContain(said.startsWith('Write') ? 'bits set' : said)
  })

  it('refuses metadata that is nested too deep to be written', async () => {
    let metadata: Record<string, unknown> = {}
    for (let i = 0; i < 100_000; i++) metadata = { metadata }
    await expect(create({ metadata })).rejects.toMatchObject({ code: 'request.invalid' })
  })

  it('refuses the app of another tenant as if there were none', async () => {
    const other = await house.authority.createTenant(root, { name: 'Other with app' })
    const app = await house.authority.createApp(root, { tenantId: other.id, name: 'app', mode: 'chat' })
    await expect(create({ kind: 'app', appId: app.id })).rejects.toMatchObject({ code: 'request.invalid' })
    await expect(create({ tenantId: 'ten_none' })).rejects.toMatchObject({ code: 'request.not-found' })
  })
})

describe('changing a key', () => {
  it('marks nothing for a name and metadata, and its floor for all that a check sees, also what loosens', async () => {
    const { key } = await create({ scopes: ['a'] })
    const before = await headSeq()
    const renamed = await house.authority.updateKey(root, key.id, { name: 'new', metadata: { a: 1 } })
    expect(renamed.position).toBeNull()
    const changes = [
      { scopes: ['a', 'b'] },
      { permissions: ['p'] },
      { allowedCidrs: ['10.0.0.0/8'] },
      { environment: 'staging' },
      { expiresInSeconds: 60 },
      { expiresAtMs: null },
      { state: 'disabled' },
      { state: 'active' },
    ] as const
    for (const change of changes) {
      expect((await house.authority.updateKey(root, key.id, change)).position).not.toBeNull()
    }
    const mark = { subjects: [`key:${key.id}`], terminal: false, restricts: true }
    expect(await rows(before)).toEqual(changes.map(() => mark))
  })

  it('does nothing when nothing differs', async () => {
    const { key } = await create({ scopes: ['a'] })
    const { value, position } = await house.authority.updateKey(root, key.id, { scopes: ['a'], state: 'active' })
    expect([value, position]).toEqual([key, null])
    expect((await house.authority.audit(root, { limit: 10, subjectId: key.id })).data).toHaveLength(1)
  })

  it('is seen by the next check, and told in the audit', async () => {
    const { key, secret } = await create()
    await house.authority.updateKey(root, key.id, { state: 'disabled' })
    expect(await verdict(secret)).toBe('DISABLED')
    await house.authority.updateKey(root, key.id, { state: 'active' })
    expect(await verdict(secret)).toBe('VALID')
    const { data } = await house.authority.audit(root, { limit: 10, subjectId: key.id })
    expect(data.map(({ action }) => action).sort()).toEqual(['key.create', 'key.disable', 'key.enable'])
  })

  it('brings no revoked key back', async () => {
    const { key, secret } = await create()
    await house.authority.revokeKey(root, key.id)
    for (const state of ['active', 'disabled'] as const) {
      await expect(house.authority.updateKey(root, key.id, { state })).rejects.toMatchObject({
        code: 'request.conflict',
      })
    }
    await house.authority.updateKey(root, key.id, { name: 'still revoked' })
    expect(await verdict(secret)).toBe('REVOKED')
  })
})

describe('rotating a key', () => {
  it('keeps the id, and the old secret for its grace only', async () => {
    const { key, secret: old } = await create()
    const { key: rotated, secret } = await house.authority.rotateKey(root, key.id, { graceSeconds: 60 })
    expect(rotated).toMatchObject({ id: key.id, previousValidUntilMs: house.now() + 60_000 })
    expect([await verdict(old), await verdict(secret)]).toEqual(['VALID', 'VALID'])
    house.advance(60_000)
    expect([await verdict(old), await verdict(secret)]).toEqual(['ROTATED_OUT', 'VALID'])
  })

  it('ends the old secret at once without a grace, also for a node whose clock is behind', async () => {
    const { key, secret: old } = await create()
    await house.authority.rotateKey(root, key.id, {})
    const { credential } = await house.credential(old)
    expect(credential && judge(credential, {}, house.now() - 86_400_000)).toBe('ROTATED_OUT')
  })

  it('lets no older secret outlive the grace of the newest rotation', async () => {
    const { key, secret: first } = await create()
    const { secret: second } = await house.authority.rotateKey(root, key.id, { graceSeconds: 3600 })
    await house.authority.rotateKey(root, key.id, { graceSeconds: 0 })
    expect([await verdict(first), await verdict(second)]).toEqual(['ROTATED_OUT', 'ROTATED_OUT'])
  })

  it('answers a lost answer with the one secret it made, however often it is asked', async () => {
    const { key } = await create()
    const input = { graceSeconds: 60, idempotencyKey: fresh() }
    const issued = await Promise.all(Array.from({ length: 5 }, () => house.authority.rotateKey(root, key.id, input)))
    issued.push(await house.authority.rotateKey(root, key.id, input))
    expect(new Set(issued.map(({ secret }) => secret.reveal())).size).toBe(1)
    expect(issued.filter(({ repeated }) => !repeated)).toHaveLength(1)
    expect(await house.database.store.digests(key.id)).toHaveLength(2)
  })

  it('refuses the idempotency key of an earlier rotation, or with another grace', async () => {
    const { key } = await create()
    const idempotencyKey = fresh()
    await house.authority.rotateKey(root, key.id, { idempotencyKey })
    const other = house.authority.rotateKey(root, key.id, { idempotencyKey, graceSeconds: 5 })
    await expect(other).rejects.toMatchObject({ code: 'request.conflict' })
    await house.authority.rotateKey(root, key.id, {})
    const earlier = house.authority.rotateKey(root, key.id, { idempotencyKey })
    await expect(earlier).rejects.toMatchObject({
      code: 'request.conflict',
      public: expect.stringContaining('earlier'),
    })
  })

  it('gives each key its own secret for one idempotency key', async () => {
    const [one, two] = [await create(), await create()]
    const input = { idempotencyKey: fresh() }
    const first = await house.authority.rotateKey(root, one.key.id, input)
    const second = await house.authority.rotateKey(root, two.key.id, input)
    expect(parseKey(first.secret.reveal())?.secret).not.toBe(parseKey(second.secret.reveal())?.secret)
  })

  it('ends the cached old secret and the absence of the new one in one log entry', async () => {
    const { key } = await create()
    const before = await headSeq()
    await house.authority.rotateKey(root, key.id, { graceSeconds: 60 })
    const digest = (await house.database.store.digests(key.id)).find(({ graceEndsAtMs }) => graceEndsAtMs === null)
    const subjects = [`key:${key.id}`, `digest:${digest?.digest}`]
    expect(await rows(before)).toEqual([{ subjects, terminal: false, restricts: true }])
  })

  it.each([-1, 0.5, 2_592_001, Number.NaN])('refuses a grace of %d seconds', async (graceSeconds) => {
    const { key } = await create()
    await expect(house.authority.rotateKey(root, key.id, { graceSeconds })).rejects.toMatchObject({
      code: 'request.invalid',
    })
  })
})

describe('revoking a key', () => {
  it('ends every secret for good and names those that still worked', async () => {
    const { key, secret: first } = await create()
    const { secret: second } = await house.authority.rotateKey(root, key.id, { graceSeconds: 60 })
    const { secret: third } = await house.authority.rotateKey(root, key.id, { graceSeconds: 60 })
    house.advance(1)
    const before = await headSeq()
    const revocation = await house.authority.revokeKey(root, key.id)
    expect(revocation.digests).toHaveLength(3)
    expect(revocation.position.seq).toBe(before + 1)
    expect(await rows(before)).toEqual([{ subjects: [`key:${key.id}`], terminal: true, restricts: true }])
    for (const secret of [first, second, third]) expect(await verdict(secret)).toBe('REVOKED')
    await expect(house.authority.rotateKey(root, key.id, {})).rejects.toMatchObject({ code: 'request.conflict' })
  })

  it('gives a receipt again when it is repeated, and leaves the time of the first', async () => {
    const { key } = await create()
    const first = await house.authority.revokeKey(root, key.id)
    house.advance(1000)
    const second = await house.authority.revokeKey(root, key.id)
    expect(second.key).toEqual(first.key)
    expect(second.position.seq).toBeGreaterThan(first.position.seq)
    const { data } = await house.authority.audit(root, { limit: 10, subjectId: key.id })
    expect(data.filter(({ action }) => action === 'key.revoke')).toHaveLength(1)
  })

  it('hides a deleted key and still refuses it as revoked', async () => {
    const { key, secret } = await create()
    await house.authority.deleteKey(root, key.id)
    expect(await verdict(secret)).toBe('REVOKED')
    await expect(house.authority.key(root, key.id)).rejects.toMatchObject({ code: 'request.not-found' })
    await expect(house.authority.revokeKey(root, key.id)).rejects.toMatchObject({ code: 'request.not-found' })
  })
})

describe('an admin key with a tenant', () => {
  const callerOf = (key: ApiKey): Caller => ({
    id: key.id,
    ip: null,
    requestId: null,
    tenantId: key.tenantId,
    scopes: key.scopes,
    permissions: key.permissions,
  })
  const adminWith = async (more: Partial<CreateKey> = {}) =>
    callerOf((await create({ kind: 'admin', scopes: ['orders:read'], permissions: ['files.*'], ...more })).key)
  const code = (call: Promise<unknown>) =>
    call.then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )

  it('finds nothing of another tenant, by id, in lists or by naming it', async () => {
    const admin = await adminWith()
    const { authority } = house
    const other = await authority.createTenant(root, { name: 'Unseen' })
    const app = await authority.createApp(root, { tenantId: other.id, name: 'app', mode: 'chat' })
    const { key } = await create({ tenantId: other.id })
    const { key: over } = await authority.createKey(root, { kind: 'admin', name: 'over all' })
    const attempts = [
      authority.tenant(admin, other.id),
      authority.updateTenant(admin, other.id, { name: 'x' }),
      authority.deleteTenant(admin, other.id),
      authority.app(admin, app.id),
      authority.updateApp(admin, app.id, { name: 'x' }),
      authority.deleteApp(admin, app.id),
      authority.createApp(admin, { tenantId: other.id, name: 'x', mode: 'chat' }),
      authority.createKey(admin, { kind: 'app', tenantId: other.id, name: 'x' }),
      authority.keys(admin, { limit: 10, tenantId: other.id }),
      ...[key.id, over.id, 'unknown'].flatMap((id) => [
        authority.key(admin, id),
        authority.updateKey(admin, id, { name: 'x' }),
        authority.rotateKey(admin, id, {}),
        authority.revokeKey(admin, id),
        authority.deleteKey(admin, id),
      ]),
    ]
    for (const answer of await Promise.all(attempts.map(code))) expect(answer).toBe('request.not-found')
    for (const list of [authority.keys, authority.apps, authority.audit]) {
      for (const { tenantId: owner } of (await list(admin, { limit: 200 })).data) expect(owner).toBe(tenantId)
    }
    expect((await authority.tenants(admin, { limit: 200 })).data.map(({ id }) => id)).toEqual([tenantId])
  })

  it('grants what it has, and nothing that it lacks', async () => {
    const admin = await adminWith()
    const grant = (more: Partial<CreateKey>) =>
      code(house.authority.createKey(admin, { kind: 'service', name: 'x', ...more }))
    expect(await grant({ scopes: ['orders:read', 'service'], permissions: ['files.read', 'files.*'] })).toBe('done')
    expect(await grant({ kind: 'admin' })).toBe('done')
    const tooMuch = [{ scopes: ['orders:write'] }, { permissions: ['*'] }, { permissions: ['mail.send'] }]
    for (const more of tooMuch) expect(await grant(more)).toBe('request.forbidden')
    expect(await grant({ kind: 'admin', tenantId: null })).toBe('request.forbidden')
  })

  it('gets no secret and no life for a key that has more than itself, but may take away', async () => {
    const admin = await adminWith()
    const { key } = await create({ kind: 'admin', scopes: ['orders:write'] })
    expect(await code(house.authority.rotateKey(admin, key.id, {}))).toBe('request.forbidden')
    expect(await code(house.authority.updateKey(admin, key.id, { allowedCidrs: [], state: 'disabled' }))).toBe('done')
    expect(await code(house.authority.updateKey(admin, key.id, { state: 'active' }))).toBe('request.forbidden')
    expect(await code(house.authority.updateKey(admin, key.id, { expiresInSeconds: 9 }))).toBe('request.forbidden')
    expect(await code(house.authority.revokeKey(admin, key.id))).toBe('done')
  })

  it('gets no secret by repeating what one with more rights has asked for', async () => {
    const admin = await adminWith()
    const request = { kind: 'service', name: 'x', tenantId, scopes: ['orders:write'], idempotencyKey: fresh() } as const
    await house.authority.createKey(root, request)
    expect(await code(house.authority.createKey(admin, request))).toBe('request.forbidden')
  })

  it('shakes off neither its end nor its addresses through another admin key or itself', async () => {
    const admin = await adminWith({ expiresInSeconds: 3600, allowedCidrs: ['10.0.0.0/8'] })
    const make = (more: Partial<CreateKey>) =>
      code(house.authority.createKey(admin, { kind: 'admin', name: 'x', ...more }))
    const within = { expiresInSeconds: 60, allowedCidrs: ['10.0.0.0/8'] }
    expect(await make(within)).toBe('done')
    expect(await make({ ...within, expiresInSeconds: 7200 })).toBe('request.forbidden')
    expect(await make({ allowedCidrs: within.allowedCidrs })).toBe('request.forbidden')
    expect(await make({ ...within, allowedCidrs: [] })).toBe('request.forbidden')
    expect(await code(house.authority.updateKey(admin, admin.id, { expiresAtMs: null }))).toBe('request.forbidden')
    expect(await code(house.authority.updateKey(admin, admin.id, { allowedCidrs: [] }))).toBe('request.forbidden')
    expect(await code(house.authority.rotateKey(admin, admin.id, {}))).toBe('done')
  })

  it('may neither make, suspend nor delete tenants, nor flush what nodes have cached', async () => {
    const admin = await adminWith()
    expect(await code(house.authority.createTenant(admin, { name: 'x' }))).toBe('request.forbidden')
    expect(await code(house.authority.updateTenant(admin, tenantId, { state: 'suspended' }))).toBe('request.forbidden')
    expect(await code(house.authority.updateTenant(admin, tenantId, { keyPrefix: 'xy' }))).toBe('request.forbidden')
    expect(await code(house.authority.deleteTenant(admin, tenantId))).toBe('request.forbidden')
    expect(await code(house.authority.flushCaches(admin))).toBe('request.forbidden')
    expect(await code(house.authority.updateTenant(admin, tenantId, { metadata: { a: 1 } }))).toBe('done')
  })
})
