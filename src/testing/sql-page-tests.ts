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
    const names = ['Plain', '100% sure', 'under_score', 'back\\slash', "O'Neil", 'É accent', '⚙️ gear']
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

  manyTests(make)
}

/** More keys than one piece of a search holds on either database. */
function manyTests(make: MakePlace): void {
  const count = 45_000
  const manyKeys = async () => {
    const { db, place } = await migrated(make)
    await place.run(`insert into keys (id, kind, tenant_id, name, prefix, last_four, state, scopes_json,
        permissions_json, cidrs_json, metadata_json, created_at_ms, updated_at_ms)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})
      select 'key' || (100000 + i), case when i % 9000 = 1 then 'admin' else 'app' end, 'ten_' || (i % 2),
        case when i % 5000 = 7 then 'Rare ' || i else 'name ' || i end, 'p', 'abcd',
        case when i % 9000 < 3 then 'revoked' else 'active' end, '[]', '[]', '[]', '{}', i / 10, 1 from n`)
    return db
  }
  const ids = (...numbers: number[]) => numbers.map((one) => `key${100_000 + one}`)
  const rare = ids(40_007, 35_007, 30_007, 25_007, 20_007, 15_007, 10_007, 5_007, 7)

  test('a search finds all there is, however far apart and by pages of any size, each once and in order', async () => {
    const db = await manyKeys()
    for (const limit of [1, 3, 9, 200]) expect(await walk(db, { limit, q: 'rAre' })).toEqual(rare)
    expect(await walk(db, { limit: 50, q: 'rare', tenantId: 'ten_1' })).toEqual(rare)
    expect(await walk(db, { limit: 50, q: 'rare', tenantId: 'ten_0' })).toEqual([])
    expect(await walk(db, { limit: 50, q: 'nothing of this name' })).toEqual([])
    expect(await walk(db, { limit: 2, tenantId: 'ten_1', kind: 'admin', state: 'revoked' })).toEqual(
      ids(36_001, 18_001, 1).concat(ids(27_001, 9_001)).sort().reverse(),
    )
    expect(await walk(db, { limit: 200, q: 'key' })).toHaveLength(count)
  })

  test('the beginning of an id has what it names on the first page, whatever lies between, and once', async () => {
    const db = await manyKeys()
    for (const limit of [1, 50]) {
      const { data } = await db.store.keys({ limit, q: 'key100007' })
      expect(data.map(({ id }) => id)).toEqual(ids(7))
      expect(await walk(db, { limit, q: 'key100007' })).toEqual(ids(7))
    }
    expect(await walk(db, { limit: 50, q: 'key100007', tenantId: 'ten_0' })).toEqual([])
    expect(await walk(db, { limit: 4, q: 'key10000' })).toEqual(ids(9, 8, 7, 6, 5, 4, 3, 2, 1))
  })

  test('while lists run the event loop turns, and beats are answered', async () => {
    const db = await manyKeys()
    await db.nodes.register({ id: 'node-1', name: 'one', leaseMs: 1000, graceMs: 0 }, 0)
    let running = true
    const lists = Promise.allSettled(Array.from({ length: 60 }, () => db.store.keys({ limit: 50, q: 'nothing' })))
    const ended = lists.then((all) => {
      running = false
      return all
    })
    const took: number[] = []
    while (running) {
      const started = performance.now()
      expect((await db.changeLog.read('node-1', 0, 10)).registered).toBe(true)
      await db.credentials.find('unknown')
      took.push(performance.now() - started)
      await new Promise(setImmediate)
    }
    expect(took.length).toBeGreaterThan(20)
    expect(Math.max(...took)).toBeLessThan(500)
    for (const one of await ended) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ status: 503, public: expect.any(String) })
    }
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
