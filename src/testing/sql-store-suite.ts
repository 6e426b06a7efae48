import { describe, expect, test } from 'vitest'
import type { KeyState } from '../domain/api-key.ts'
import { sqlDutyTests } from './sql-duty-tests.ts'
import {
  aDigest,
  aKey,
  anApp,
  anEntry,
  aTenant,
  insertKey,
  type MakePlace,
  markChange,
  migrated,
  openAt,
} from './sql-fixture.ts'
import { sqlLogTests } from './sql-log-tests.ts'
import { sqlNodeTests } from './sql-node-tests.ts'
import { sqlPageTests } from './sql-page-tests.ts'
import { sqlSchemaTests } from './sql-schema-tests.ts'

/** What every SQL database under Gatehouse promises. `make` gives a new, empty one for each test. */
export function sqlStoreSuite(name: string, make: MakePlace): void {
  describe(name, () => {
    describe('rows', () => rowTests(make))
    describe('transactions', () => transactionTests(make))
    describe('credentials', () => credentialTests(make))
    describe('usage and secrets at rest', () => recordTests(make))
    describe('pages', () => sqlPageTests(make))
    describe('change log', () => sqlLogTests(make))
    describe('nodes', () => sqlNodeTests(make))
    describe('duties', () => sqlDutyTests(make))
    describe('schema', () => sqlSchemaTests(make))
  })
}

function rowTests(make: MakePlace): void {
  test('what is written comes back member by member', async () => {
    const { db } = await migrated(make)
    const tenant = aTenant('ten_1', { keyPrefix: 'acme', metadata: { 'quote"': "it's", ümlaut: '👍' } })
    const app = anApp('app_1', 'ten_1', { mode: 'workflow', state: 'disabled' })
    const key = aKey('key000000001', { tenantId: 'ten_1', appId: 'app_1', expiresAtMs: 9_007_199_254_740_991 })
    const digest = aDigest(key.id, { idempotencyDigest: 'idem', graceEndsAtMs: 5 })
    const entry = anEntry('aud_1', { tenantId: 'ten_1' })
    const pattern = { id: 'pat_1', prefix: 'app-', length: 28, alphabet: 'ABCabc"\\\'' }
    await db.store.write(async (tx) => {
      await tx.insertTenant(tenant)
      await tx.insertApp(app)
      await tx.insertKey(key, digest)
      await tx.insertPattern(pattern)
      await tx.audit(entry)
      expect(await tx.key(key.id)).toEqual(key)
      expect(await tx.digestByIdempotency('idem')).toEqual(digest)
    })
    expect(await db.store.tenant('ten_1')).toEqual(tenant)
    expect(await db.store.app('app_1')).toEqual(app)
    expect(await db.store.key(key.id)).toEqual(key)
    expect(await db.store.digests(key.id)).toEqual([digest])
    expect(await db.store.patterns()).toEqual([pattern])
    expect((await db.store.audit({ limit: 5 })).data).toEqual([entry])
  })

  test('saving a key writes all of it but its last use', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    await db.usage.touch([{ keyId: 'key000000001', lastUsedAtMs: 7000 }])
    const changed = aKey('key000000001', {
      ...{ name: 'New', state: 'disabled', scopes: [], environment: null },
      rotatedAtMs: 4,
    })
    await db.store.write((tx) => tx.saveKey({ ...changed, lastUsedAtMs: 1 }))
    expect(await db.store.key('key000000001')).toEqual({ ...changed, lastUsedAtMs: 7000 })
  })

  test('a deleted key is hidden from every read, and reads as revoked in a check', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    await db.store.write((tx) => tx.deleteKey('key000000001', 5000))
    expect(await db.store.key('key000000001')).toBeUndefined()
    expect((await db.store.keys({ limit: 5 })).data).toEqual([])
    expect(await db.store.write((tx) => tx.key('key000000001')).then(({ value }) => value)).toBeUndefined()
    await expect(db.store.write((tx) => tx.saveKey(aKey('key000000001')))).rejects.toMatchObject({ status: 404 })
    expect((await db.credentials.find('digest-of-key000000001')).credential?.keyState).toBe('revoked')
  })

  test('a tenant goes only when nothing hangs on it', async () => {
    const { db } = await migrated(make)
    await db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1'))
      await tx.insertApp(anApp('app_1', 'ten_1'))
    })
    const remove = () => db.store.write((tx) => tx.deleteTenant('ten_1'))
    await expect(remove()).rejects.toMatchObject({ code: 'request.conflict' })
    await db.store.write((tx) => tx.deleteApp('app_1'))
    await insertKey(db, aKey('key000000001', { tenantId: 'ten_1' }))
    await expect(remove()).rejects.toMatchObject({ code: 'request.conflict' })
    await db.store.write((tx) => tx.deleteKey('key000000001', 5000))
    await remove()
    expect(await db.store.tenant('ten_1')).toBeUndefined()
    await expect(insertKey(db, aKey('key000000002', { tenantId: 'ten_1' }))).rejects.toMatchObject({ status: 409 })
  })

  test('an app is used while one of its keys is neither revoked nor deleted', async () => {
    const { db } = await migrated(make)
    const used = async () => (await db.store.write((tx) => tx.appIsUsed('app_1'))).value
    await db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1'))
      await tx.insertApp(anApp('app_1', 'ten_1'))
    })
    expect(await used()).toBe(false)
    const key = aKey('key000000001', { tenantId: 'ten_1', appId: 'app_1', state: 'disabled' })
    await insertKey(db, key)
    expect(await used()).toBe(true)
    await db.store.write((tx) => tx.saveKey({ ...key, state: 'revoked' }))
    expect(await used()).toBe(false)
    await db.store.write((tx) => tx.saveKey(key))
    await db.store.write((tx) => tx.deleteKey(key.id, 5000))
    expect(await used()).toBe(false)
  })

  test.each(['a\0b', 'half \ud800'])('a text that cannot be kept as it is, %j, is a bad request', async (name) => {
    const { db } = await migrated(make)
    const bad = { code: 'request.invalid', public: expect.any(String) }
    await expect(db.store.write((tx) => tx.insertTenant(aTenant('ten_1', { name })))).rejects.toMatchObject(bad)
    await expect(db.store.tenants({ limit: 5, q: name })).rejects.toMatchObject(bad)
    await expect(db.store.key(name)).rejects.toMatchObject(bad)
    expect(await db.store.tenant('ten_1')).toBeUndefined()
  })
}

function transactionTests(make: MakePlace): void {
  test('what work throws is thrown on, and leaves nothing: no row, no audit, no change', async () => {
    const { db } = await migrated(make)
    const before = await db.changeLog.snapshot(60_000, 10)
    const boom = new Error('boom')
    const work = db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1'))
      await tx.audit(anEntry('aud_1'))
      tx.mark({ subjects: ['tenant:ten_1'], restricts: true })
      throw boom
    })
    await expect(work).rejects.toBe(boom)
    expect(await db.store.tenant('ten_1')).toBeUndefined()
    expect((await db.store.audit({ limit: 5 })).data).toEqual([])
    expect(await db.changeLog.snapshot(60_000, 10)).toEqual(before)
  })

  test('a taken name is a conflict with a sentence, and the transaction goes on', async () => {
    const { db } = await migrated(make)
    await db.store.write((tx) => tx.insertTenant(aTenant('ten_1', { name: 'Acme' })))
    const conflict = { code: 'request.conflict', public: 'A tenant of this name exists already' }
    await db.store.write(async (tx) => {
      await expect(tx.insertTenant(aTenant('ten_2', { name: 'Acme' }))).rejects.toMatchObject(conflict)
      await tx.insertTenant(aTenant('ten_3'))
      await tx.insertApp(anApp('app_1', 'ten_1', { name: 'Chat' }))
      await tx.insertApp(anApp('app_2', 'ten_3', { name: 'Chat' }))
      await expect(tx.insertApp(anApp('app_3', 'ten_1', { name: 'Chat' }))).rejects.toMatchObject({ status: 409 })
    })
    expect((await db.store.tenants({ limit: 5 })).data.map(({ id }) => id)).toEqual(['ten_3', 'ten_1'])
    await expect(db.store.write((tx) => tx.saveTenant(aTenant('ten_3', { name: 'Acme' })))).rejects.toMatchObject(
      conflict,
    )
  })

  test('a key whose digest or id exists is a conflict that writes neither', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    await db.store.write(async (tx) => {
      const sameDigest = aDigest('key000000002', { digest: 'digest-of-key000000001' })
      await expect(tx.insertKey(aKey('key000000002'), sameDigest)).rejects.toMatchObject({ status: 409 })
      const other = aDigest('key000000001', { digest: 'other' })
      await expect(tx.insertKey(aKey('key000000001'), other)).rejects.toMatchObject({ status: 409 })
      await tx.insertKey(aKey('key000000003'), aDigest('key000000003'))
    })
    expect((await db.store.keys({ limit: 5 })).data.map(({ id }) => id)).toEqual(['key000000003', 'key000000001'])
    expect(await db.store.digests('key000000001')).toHaveLength(1)
  })

  test('a statement that failed cannot be swallowed: nothing of its transaction stands', async () => {
    const { db } = await migrated(make)
    await db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1', { name: 'Acme' }))
      await tx.insertTenant(aTenant('ten_2'))
    })
    const work = db.store.write(async (tx) => {
      await tx.audit(anEntry('aud_1'))
      await tx.saveTenant(aTenant('ten_2', { name: 'Acme' })).catch(() => {})
    })
    await expect(work).rejects.toMatchObject({ code: 'request.conflict' })
    expect((await db.store.audit({ limit: 5 })).data).toEqual([])
  })

  test('rows that a transaction has read do not change under it', async () => {
    const { db, place } = await migrated(make)
    const other = await openAt(place)
    await insertKey(db, aKey('key000000001', { metadata: { count: 0 } }))
    const raise = (via: typeof db) =>
      via.store.write(async (tx) => {
        const key = await tx.key('key000000001')
        if (key) await tx.saveKey({ ...key, metadata: { count: Number(key.metadata.count) + 1 } })
      })
    await Promise.all(Array.from({ length: 20 }, (_, index) => raise(index % 2 ? db : other)))
    expect((await db.store.key('key000000001'))?.metadata).toEqual({ count: 20 })
  })

  test('of nodes that make the first admin key at once, one does', async () => {
    const { db, place } = await migrated(make)
    const other = await openAt(place)
    const bootstrap = (via: typeof db) =>
      via.store.write(async (tx) => {
        if (await tx.hadAdminKey()) return 0
        await tx.noteAdminKey()
        return 1
      })
    const made = await Promise.all([db, other, db, other].map(bootstrap))
    expect(made.reduce((sum, { value }) => sum + value, 0)).toBe(1)
  })
}

function credentialTests(make: MakePlace): void {
  test('a digest answers with its key, tenant and app, and nothing for one that is unknown', async () => {
    const { db } = await migrated(make)
    await db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1', { state: 'suspended' }))
      await tx.insertApp(anApp('app_1', 'ten_1', { state: 'disabled' }))
      const key = aKey('key000000001', { tenantId: 'ten_1', appId: 'app_1', kind: 'app', expiresAtMs: 77 })
      await tx.insertKey(key, aDigest(key.id))
    })
    const at = await markChange(db, ['key:key000000001'])
    expect(await db.credentials.find('digest-of-key000000001')).toEqual({
      at,
      credential: {
        ...{ keyId: 'key000000001', kind: 'app', keyState: 'active', tenantId: 'ten_1', tenantState: 'suspended' },
        ...{ appId: 'app_1', appState: 'disabled', scopes: ['read'], permissions: ['a.b'], environment: 'test' },
        ...{ allowedCidrs: ['10.0.0.0/8'], expiresAtMs: 77, graceEndsAtMs: null },
      },
    })
    expect(await db.credentials.find('unknown')).toEqual({ at, credential: null })
  })

  test('a secret that was rotated out is still told apart, with the end of its grace', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    await db.store.write(async (tx) => {
      await tx.setGrace('digest-of-key000000001', 5555)
      await tx.insertDigest(aDigest('key000000001', { digest: 'new', createdAtMs: 2000 }))
    })
    expect((await db.credentials.find('digest-of-key000000001')).credential?.graceEndsAtMs).toBe(5555)
    expect((await db.credentials.find('new')).credential?.graceEndsAtMs).toBeNull()
  })

  test('a key whose app is gone reads as revoked', async () => {
    const { db } = await migrated(make)
    await db.store.write(async (tx) => {
      await tx.insertTenant(aTenant('ten_1'))
      await tx.insertApp(anApp('app_1', 'ten_1'))
      await tx.insertKey(aKey('key000000001', { tenantId: 'ten_1', appId: 'app_1' }), aDigest('key000000001'))
    })
    await db.store.write((tx) => tx.deleteApp('app_1'))
    expect((await db.credentials.find('digest-of-key000000001')).credential).toMatchObject({ keyState: 'revoked' })
  })

  test('the stamp and the row are of one snapshot, however many changes run', async () => {
    const { db } = await migrated(make)
    const states: readonly KeyState[] = ['active', 'disabled']
    await insertKey(db, aKey('key000000001', { environment: '0' }))
    const written = new Map([[0, '0']])
    let running = true
    const reads: { seq: number; environment: string | null | undefined }[] = []
    const reader = async () => {
      while (running) {
        const { at, credential } = await db.credentials.find('digest-of-key000000001')
        reads.push({ seq: at.seq, environment: credential?.environment })
        await new Promise(setImmediate)
      }
    }
    const writer = async (name: number) => {
      for (let round = 1; round <= 15; round++) {
        const environment = `${name}.${round}`
        const { position } = await db.store.write(async (tx) => {
          const key = await tx.key('key000000001')
          if (key) await tx.saveKey({ ...key, environment, state: states[round % 2] ?? 'active' })
          tx.mark({ subjects: ['key:key000000001'], restricts: true })
        })
        written.set(position?.seq ?? -1, environment)
      }
    }
    const readers = [reader(), reader()]
    await Promise.all([1, 2, 3, 4].map(writer))
    running = false
    await Promise.all(readers)
    expect(reads.length).toBeGreaterThan(10)
    expect(reads.filter(({ seq, environment }) => written.get(seq) !== environment)).toEqual([])
  })

  test('an aborted look-up ends at once, and gives its connection back', async () => {
    const { db } = await migrated(make)
    const gone = AbortSignal.abort(new Error('too late'))
    const finds = Array.from({ length: 30 }, () => db.credentials.find('unknown', gone))
    expect((await Promise.allSettled(finds)).every(({ status }) => status === 'rejected')).toBe(true)
    expect((await db.credentials.find('unknown', AbortSignal.timeout(5000))).credential).toBeNull()
  })
}

function recordTests(make: MakePlace): void {
  test('last use only rises, whatever the order of batches', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    await insertKey(db, aKey('key000000002'))
    const use = (keyId: string, lastUsedAtMs: number) => ({ keyId, lastUsedAtMs })
    await db.usage.touch([use('key000000001', 50), use('key000000001', 90), use('gone', 5), use('key000000002', 10)])
    await db.usage.touch([use('key000000001', 70)])
    await db.usage.touch([])
    expect((await db.store.key('key000000001'))?.lastUsedAtMs).toBe(90)
    expect((await db.store.key('key000000002'))?.lastUsedAtMs).toBe(10)
  })

  test('a thousand uses are one batch', async () => {
    const { db } = await migrated(make)
    await insertKey(db, aKey('key000000999'))
    const batch = Array.from({ length: 1000 }, (_, index) => ({
      keyId: `key${1e9 + index}`.replace('1000', '000'),
      lastUsedAtMs: 1,
    }))
    await db.usage.touch([...batch, { keyId: 'key000000999', lastUsedAtMs: 3 }])
    expect((await db.store.key('key000000999'))?.lastUsedAtMs).toBe(3)
  })

  test('the most recently used keys are read ahead, with every secret of theirs', async () => {
    const { db } = await migrated(make)
    for (const id of ['key000000001', 'key000000002', 'key000000003', 'key000000004']) await insertKey(db, aKey(id))
    await db.store.write((tx) => tx.insertDigest(aDigest('key000000002', { digest: 'second' })))
    await db.store.write((tx) => tx.deleteKey('key000000004', 1))
    const uses = [1, 3, 2, 9].map((lastUsedAtMs, index) => ({ keyId: `key00000000${index + 1}`, lastUsedAtMs }))
    await db.usage.touch(uses)
    const read = await db.credentials.recent(2)
    expect(read.map(({ digest }) => digest).sort()).toEqual([
      'digest-of-key000000002',
      'digest-of-key000000003',
      'second',
    ])
    expect(read[0]).toMatchObject({ at: { seq: 0 }, credential: { keyState: 'active' } })
  })

  test('two nodes that start at once agree on pepper and master key', async () => {
    const { db } = await migrated(make)
    const peppers = await Promise.all(['a', 'b', 'c'].map((wrapped) => db.vault.addPepper(1, wrapped)))
    expect(new Set(peppers).size).toBe(1)
    expect(await db.vault.peppers()).toEqual([{ generation: 1, wrapped: peppers[0] }])
    const checks = await Promise.all(['x', 'y'].map((value) => db.vault.masterKeyCheck(value)))
    expect(new Set(checks).size).toBe(1)
    expect(await db.vault.masterKeyCheck('z')).toBe(checks[0])
  })
}
