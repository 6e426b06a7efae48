import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SqlDatabase } from '../adapters/sql-database.ts'
import type { KeyQuery } from '../authority/store.ts'
import { aDigest, aKey, anApp, anEntry, aTenant, type MakePlace, migrated } from './sql-fixture.ts'

/** Lists: order, cursors, filters, searches. */
export function sqlPageTests(make: MakePlace): void {
  test('pages of any size list every key once, newest first, also where times are equal', async () => {
    const { db } = await migrated(make)
    const expected = await insertKeys(db, 60, (index) => ({ createdAtMs: 1000 + Math.floor(index / 7) }))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (limit) => {
        expect(await walk(db, { limit })).toEqual(expected)
      }),
      { numRuns: 12 },
    )
  })

  test('keys that come and go between two pages move nothing else', async () => {
    const { db } = await migrated(make)
    const expected = await insertKeys(db, 6, (index) => ({ createdAtMs: 1000 + index }))
    const first = await db.store.keys({ limit: 3 })
    await db.store.write(async (tx) => {
      await tx.insertKey(aKey('key_new', { createdAtMs: 5000 }), aDigest('key_new'))
      await tx.deleteKey(expected[2] ?? '', 1)
    })
    const second = await db.store.keys({ limit: 3, cursor: first.nextCursor ?? undefined })
    expect(second.data.map(({ id }) => id)).toEqual(expected.slice(3))
    expect(second.nextCursor).toBeNull()
  })

  test.each(['', '%%%', 'x', 'bnVsbA', 'WzEsMl0', 'WzEuNSwiYSJd', 'WyIxIiwiYSJd', 'a'.repeat(600), "' or 1=1"])(
    'the cursor %j is a bad request',
    async (cursor) => {
      const { db } = await migrated(make)
      const bad = { code: 'request.invalid', fix: expect.any(String) }
      await expect(db.store.keys({ limit: 5, cursor })).rejects.toMatchObject(bad)
      await expect(db.store.audit({ limit: 5, cursor })).rejects.toMatchObject(bad)
    },
  )

  test.each([0, -1, 201, 1.5, Number.NaN])('the limit %d is a bad request', async (limit) => {
    const { db } = await migrated(make)
    await expect(db.store.tenants({ limit })).rejects.toMatchObject({ code: 'request.invalid' })
  })

  test('filters hold together', async () => {
    const { db } = await migrated(make)
    await db.store.write(async (tx) => {
      for (const id of ['ten_1', 'ten_2']) await tx.insertTenant(aTenant(id))
      await tx.insertApp(anApp('app_1', 'ten_1'))
      await tx.insertApp(anApp('app_2', 'ten_2'))
      const add = (id: string, changes: Parameters<typeof aKey>[1]) => tx.insertKey(aKey(id, changes), aDigest(id))
      await add('key1', { tenantId: 'ten_1', appId: 'app_1', kind: 'app' })
      await add('key2', { tenantId: 'ten_1', kind: 'service', state: 'disabled' })
      await add('key3', { tenantId: 'ten_2', appId: 'app_2', kind: 'app', state: 'revoked' })
      await tx.audit(anEntry('aud_1', { tenantId: 'ten_1', subjectId: 'key1' }))
      await tx.audit(anEntry('aud_2', { tenantId: 'ten_2', subjectId: 'key3', action: 'key.revoke' }))
    })
    expect(await walk(db, { limit: 9, tenantId: 'ten_1' })).toEqual(['key2', 'key1'])
    expect(await walk(db, { limit: 9, tenantId: 'ten_1', kind: 'app' })).toEqual(['key1'])
    expect(await walk(db, { limit: 9, state: 'revoked' })).toEqual(['key3'])
    expect(await walk(db, { limit: 9, appId: 'app_1', state: 'disabled' })).toEqual([])
    expect((await db.store.apps({ limit: 9, tenantId: 'ten_2' })).data.map(({ id }) => id)).toEqual(['app_2'])
    expect((await db.store.tenants({ limit: 9, tenantId: 'ten_2' })).data.map(({ id }) => id)).toEqual(['ten_2'])
    expect((await db.store.audit({ limit: 9, subjectId: 'key1' })).data.map(({ id }) => id)).toEqual(['aud_1'])
    expect((await db.store.audit({ limit: 9, q: 'REVOKE' })).data.map(({ id }) => id)).toEqual(['aud_2'])
  })

  test('a search takes its text literally: part of a name in any case, or the beginning of an id', async () => {
    const { db } = await migrated(make)
    const names = ['Plain', '100% sure', 'under_score', 'back\\slash', "O'Neil", 'é accent', '⚙️ gear']
    await db.store.write(async (tx) => {
      for (const [index, name] of names.entries()) {
        await tx.insertKey(aKey(`Key${index}`, { name, createdAtMs: index }), aDigest(`Key${index}`))
      }
    })
    const search = (q: string) => walk(db, { limit: 50, q })
    const all = names.map((_, index) => `Key${index}`).reverse()
    for (const [index, name] of names.entries()) expect(await search(name)).toEqual([`Key${index}`])
    expect(await search('PLAIN')).toEqual(['Key0'])
    expect(await search('%')).toEqual(['Key1'])
    expect(await search('_')).toEqual(['Key2'])
    expect(await search('\\')).toEqual(['Key3'])
    expect(await search('Key')).toEqual(all)
    expect(await search('key')).toEqual([])
    expect(await search('ey1')).toEqual([])
    expect(await search('')).toEqual(all)
    await expect(search('x'.repeat(201))).rejects.toMatchObject({ code: 'request.invalid' })
  })
}

/** Inserts in a scattered order and answers with the ids in the order of lists. */
async function insertKeys(db: SqlDatabase, count: number, changes: (index: number) => Parameters<typeof aKey>[1]) {
  const keys = Array.from({ length: count }, (_, index) => aKey(`key${(index * 37) % 101}`, changes(index)))
  await db.store.write(async (tx) => {
    for (const key of keys) await tx.insertKey(key, aDigest(key.id))
  })
  const byTimeAndId = keys.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
  return byTimeAndId.map(({ id }) => id)
}

async function walk(db: SqlDatabase, query: KeyQuery): Promise<readonly string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await db.store.keys({ ...query, cursor })
    ids.push(...page.data.map(({ id }) => id))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return ids
}
