import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Migration, migrations } from '../adapters/sql-migrations.ts'
import { aKey, insertKey, type MakePlace, markChange, migrated, openAt, type SqlPlace } from './sql-fixture.ts'

const newest = migrations.at(-1)?.version ?? 0

/** What the next release might do first: add a column that the present one does not know. */
const expand: Migration = {
  version: newest + 1,
  name: 'add a column',
  async up(tx) {
    await tx.schema.alterTable('keys').addColumn('colour', 'text').execute()
  },
}

/** And the one after it: take away what the present one reads. */
const contract: Migration = {
  version: newest + 2,
  name: 'drop a column',
  minReaderVersion: newest + 1,
  async up(tx) {
    await tx.schema.alterTable('keys').dropColumn('environment').execute()
  },
}

/** How a database comes to its tables, and which programs may use it. */
export function sqlSchemaTests(make: MakePlace): void {
  test('five processes that migrate at once do it once', async () => {
    const place = await make()
    const done = await Promise.all(Array.from({ length: 5 }, () => migrateInProcess(place.url)))
    expect(done.filter((names) => names.length > 0)).toEqual([migrations.map(({ name }) => name)])
    const db = await openAt(place)
    expect(await db.schemaState()).toEqual({ kind: 'ready', version: newest })
    expect((await db.changeLog.read('x', 0, 10)).rows).toHaveLength(1)
  })

  test('an empty database is told from one that lags behind and one that is ready', async () => {
    const place = await make()
    const db = await openAt(place)
    expect(await db.schemaState()).toEqual({ kind: 'empty' })
    expect(await db.migrate()).toHaveLength(migrations.length)
    expect(await db.migrate()).toEqual([])
    const newer = await openAt(place, { migrations: [...migrations, expand] })
    expect(await newer.schemaState()).toEqual({ kind: 'behind', version: newest, pending: ['add a column'] })
  })

  test('a program that was not migrated for says so', async () => {
    const db = await openAt(await make())
    await expect(db.credentials.find('x')).rejects.toMatchObject({ code: 'store.incompatible' })
    await expect(db.store.key('x')).rejects.toMatchObject({ code: 'store.incompatible' })
  })

  test('old and new nodes work side by side on a schema that was expanded', async () => {
    const { db, place } = await migrated(make)
    await insertKey(db, aKey('key000000001'))
    const newer = await openAt(place, { migrations: [...migrations, expand] })
    expect(await newer.migrate()).toEqual(['add a column'])
    expect(await db.schemaState()).toEqual({ kind: 'ready', version: newest + 1 })
    expect(await db.migrate()).toEqual([])
    await insertKey(newer, aKey('key000000002'))
    await insertKey(db, aKey('key000000003'))
    const ids = async (via: typeof db) => (await via.store.keys({ limit: 5 })).data.map(({ id }) => id)
    expect(await ids(db)).toEqual(['key000000003', 'key000000002', 'key000000001'])
    expect(await ids(newer)).toEqual(await ids(db))
    const at = await markChange(db, ['key:key000000001'])
    expect((await newer.credentials.find('digest-of-key000000001')).at).toEqual(at)
    expect((await db.credentials.find('digest-of-key000000002')).credential?.keyId).toBe('key000000002')
  })

  test('a schema that lets this program no longer in is refused and left as it is', async () => {
    const { place } = await migrated(make)
    const future = await openAt(place, { migrations: [...migrations, expand, contract] })
    await future.migrate()
    const before = await contents(place)
    const db = await openAt(place)
    expect(await db.schemaState()).toEqual({ kind: 'incompatible', version: newest + 2, minReaderVersion: newest + 1 })
    const refused = { code: 'store.incompatible', detail: expect.stringContaining('DATABASE_URL') }
    await expect(db.migrate()).rejects.toMatchObject(refused)
    expect(await contents(place)).toEqual(before)
  })

  test.each([
    'create table keys (mine text)',
    'create table meta (name text, value text)',
    'create table meta (x text)',
  ])('a database of somebody else (%s) is refused and left as it is', async (statement) => {
    const place = await make()
    await place.run(statement)
    const db = await openAt(place)
    expect(await db.schemaState()).toMatchObject({ kind: 'foreign', tables: [statement.split(' ')[2]] })
    await expect(db.migrate()).rejects.toMatchObject({ code: 'store.incompatible' })
    await expect(openAt(place, { migrations: [] }).then((one) => one.migrate())).rejects.toThrow()
  })

  test('a migration that fails leaves nothing', async () => {
    const { place } = await migrated(make)
    const before = await contents(place)
    const failing: Migration = {
      ...expand,
      async up(tx, engine) {
        await expand.up(tx, engine)
        throw new Error('half way')
      },
    }
    const newer = await openAt(place, { migrations: [...migrations, failing] })
    await expect(newer.migrate()).rejects.toThrow('half way')
    expect(await contents(place)).toEqual(before)
    const mended = await openAt(place, { migrations: [...migrations, expand] })
    expect(await mended.migrate()).toEqual(['add a column'])
  })
}

const contents = async (place: SqlPlace) => ({
  meta: await place.run('select * from meta order by name'),
  log: await place.run('select * from change_log order by seq'),
})

const script = `
  const [database, kernel, url] = process.argv.slice(1)
  const { openDatabase } = await import(database)
  const { systemClock } = await import(kernel)
  const db = await openDatabase({ url, poolSize: 2, clock: systemClock })
  console.log(JSON.stringify(await db.migrate()))
  await db.close()`

async function migrateInProcess(url: string): Promise<readonly string[]> {
  const files = ['../adapters/sql-database.ts', '../kernel/clock.ts'].map((file) => import.meta.resolve(file))
  const args = ['--input-type=module', '-e', script, ...files, url]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 })
  return JSON.parse(stdout)
}
