import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../test/servers/postgres.ts'
import { root, type ScratchAuthority, scratchAuthority } from '../../test/servers/scratch-authority.ts'
import { Secret } from '../kernel/secret.ts'
import { tokenHash } from '../tokens/digest.ts'
import { compileForms } from '../tokens/foreign.ts'
import { createVault } from '../tokens/vault.ts'
import { openPeppers } from './open-peppers.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

describe.each(['sqlite', 'postgres'] as const)('the first admin key, on %s', (kind) => {
  let house: ScratchAuthority
  beforeEach(async () => {
    house = await scratchAuthority(kind === 'sqlite' ? undefined : await postgres.createDatabase())
    return () => house.close()
  })

  it('is made once, though several nodes start at once', async () => {
    await everyConnection(house)
    const made = await Promise.all(Array.from({ length: 4 }, () => house.authority.bootstrapAdmin()))
    const [only, ...more] = made.filter((issued) => issued !== undefined)
    expect(more).toEqual([])
    expect(only?.key).toMatchObject({ kind: 'admin', tenantId: null, prefix: 'gh_admin' })
    expect(only && (await house.credential(only.secret)).credential).toMatchObject({ keyId: only?.key.id })
    expect((await house.authority.keys(root, { limit: 10 })).data).toHaveLength(1)
  })

  it('is never made again, also not when every admin key is gone', async () => {
    const first = await house.authority.bootstrapAdmin()
    await house.authority.deleteKey(root, first?.key.id ?? '')
    expect(await house.authority.bootstrapAdmin(new Secret('a-chosen-admin-key-123'))).toBeUndefined()
  })

  it('may be given, and then works as it was given', async () => {
    const given = new Secret('a-chosen-admin-key-123')
    await everyConnection(house)
    const made = await Promise.all(Array.from({ length: 4 }, () => house.authority.bootstrapAdmin(given)))
    expect(made.filter((issued) => issued !== undefined)).toHaveLength(1)
    expect(compileForms(await house.database.store.patterns()).fits(given.reveal())).toBe(true)
    expect((await house.credential(given)).credential).toMatchObject({ kind: 'admin', tenantId: null })
  })

  it.each(['short', 'with a space in it 123', `gh_admin_${'x'.repeat(56)}`])('cannot be %j', async (text) => {
    const made = house.authority.bootstrapAdmin(new Secret(text))
    await expect(made).rejects.toThrow(/GATEHOUSE_ADMIN_KEY/)
    expect(await house.authority.bootstrapAdmin()).toBeDefined()
  })

  it('can be replaced offline, and that is in the audit', async () => {
    const { key, secret } = await house.authority.recoverAdmin()
    expect((await house.credential(secret)).credential).toMatchObject({ kind: 'admin', keyState: 'active' })
    expect(await house.authority.bootstrapAdmin()).toBeUndefined()
    const { data } = await house.authority.audit(root, { limit: 10, subjectId: key.id })
    expect(data).toMatchObject([{ action: 'key.create', actor: { id: 'cli' } }])
  })

  it('is not the only one that is made once: so is every other for equal requests at once', async () => {
    await everyConnection(house)
    const over = { kind: 'admin', name: 'over all', idempotencyKey: randomBytes(16).toString('hex') } as const
    const admins = await Promise.all(Array.from({ length: 4 }, () => house.authority.createKey(root, over)))
    expect(new Set(admins.map(({ secret }) => secret.reveal())).size).toBe(1)
    const tenant = await house.authority.createTenant(root, { name: 'Acme' })
    const request = {
      kind: 'app',
      tenantId: tenant.id,
      name: 'x',
      idempotencyKey: randomBytes(16).toString('hex'),
    } as const
    const created = await Promise.all(Array.from({ length: 6 }, () => house.authority.createKey(root, request)))
    expect(new Set(created.map(({ secret }) => secret.reveal())).size).toBe(1)
    const id = created[0]?.key.id ?? ''
    const rotation = { graceSeconds: 60, idempotencyKey: request.idempotencyKey }
    const rotated = await Promise.all(Array.from({ length: 6 }, () => house.authority.rotateKey(root, id, rotation)))
    expect(new Set(rotated.map(({ secret }) => secret.reveal())).size).toBe(1)
    expect(await house.database.store.digests(id)).toHaveLength(2)
  })
})

describe('the peppers of a database', () => {
  it('are the same for every node, and stay shut for another master key', async () => {
    const { database, close } = await scratchAuthority()
    const { database: empty, close: closeEmpty } = await scratchAuthority()
    try {
      const vault = createVault(masterKey())
      await expect(openPeppers(database.vault, vault)).rejects.toThrow(/GATEHOUSE_MASTER_KEY/)
      expect((await database.vault.peppers()).map(({ generation }) => generation)).toEqual([1])
      expect(JSON.stringify(await empty.vault.peppers())).toContain('v1.')
    } finally {
      await close()
      await closeEmpty()
    }
  })

  it('are agreed on by nodes that start at once', async () => {
    const store = emptyVault()
    const vault = createVault(masterKey())
    const rings = await Promise.all([openPeppers(store, vault), openPeppers(store, vault)])
    const [one, two] = rings.map((ring) => ring.digest(1, tokenHash('token')))
    expect(one).toBe(two)
  })

  it('are not begun under a second master key, though the first node died before it made any', async () => {
    const store = emptyVault()
    await store.masterKeyCheck(createVault(masterKey()).checkValue)
    await expect(openPeppers(store, createVault(masterKey()))).rejects.toThrow(/GATEHOUSE_MASTER_KEY/)
    expect(store.stored.size).toBe(0)
  })
})

/** A pool that has yet to connect would let the first one finish before the others begin. */
async function everyConnection({ database, authority }: ScratchAuthority) {
  const slow = () => database.store.write((tx) => tx.tenant('none').then(() => setTimeout(50)))
  if (database.kind === 'postgres') await Promise.all([slow(), slow(), slow(), slow()])
  await authority.tenants(root, { limit: 1 })
}

const masterKey = () => new Secret(randomBytes(32).toString('base64'))

/** A store whose reads always come before another node's writes. */
function emptyVault() {
  const stored = new Map<number, string>()
  let check: string | undefined
  return {
    stored,
    async masterKeyCheck(value: string) {
      check ??= value
      return check
    },
    peppers: async () => [],
    async addPepper(generation: number, wrapped: string) {
      const present = stored.get(generation) ?? wrapped
      stored.set(generation, present)
      return present
    },
  }
}
