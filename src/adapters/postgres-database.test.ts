import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../test/servers/postgres.ts'
import { until } from '../../test/servers/until.ts'
import { systemClock } from '../kernel/clock.ts'
import { aKey, anEntry, insertKey, markChange, migrated, openAt, type SqlPlace } from '../testing/sql-fixture.ts'
import { sqlStoreSuite } from '../testing/sql-store-suite.ts'
import { openDatabase } from './sql-database.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

async function place(): Promise<SqlPlace> {
  const url = await server.createDatabase()
  return { url, run: (sql) => server.query(sql, url) }
}

sqlStoreSuite('PostgreSQL', place)

const open = (url: string) => openDatabase({ url, poolSize: 2, clock: systemClock })

/** A session past the code under test, closed with the test. */
async function session(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

test('behind a transaction pooler nothing is kept on a connection', async () => {
  const { url, run } = await place()
  const db = await openAt({ url, run }, { transactionPooler: true })
  await db.migrate()
  await insertKey(db, aKey('key000000001'))
  for (let round = 0; round < 3; round++) {
    expect((await db.credentials.find('digest-of-key000000001')).credential?.keyId).toBe('key000000001')
  }
  expect(db.push).toBeNull()
})

test('addresses that lead nowhere are refused with a sentence that names the setting and no password', async () => {
  const at = new URL(server.url)
  const change = (changes: Partial<URL>) => Object.assign(new URL(server.url), { password: 'geheim', ...changes }).href
  const cases = [
    { url: change({ port: '1' }), code: 'store.unavailable', says: 'nothing listens there' },
    { url: change({ hostname: 'no-such-host.invalid' }), code: 'store.unavailable', says: 'no-such-host.invalid' },
    { url: change({ pathname: '/missing' }), code: 'setting.invalid', says: 'create it' },
    { url: change({ username: 'nobody-of-this-name' }), code: 'setting.invalid', says: 'user or the password' },
    { url: `postgres://user:geheim@${at.hostname}:port/x`, code: 'setting.invalid', says: 'cannot be read' },
  ]
  for (const { url, code, says } of cases) {
    const error = await open(url).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ code, detail: expect.stringMatching(/^DATABASE_URL /) })
    expect(error?.message).toContain(says)
    expect(`${error?.stack} ${JSON.stringify(error)} ${(error?.cause as Error)?.stack}`).not.toContain('geheim')
  }
})

test('a transaction whose node stands still is ended by the server, and its locks with it', async () => {
  const { db, place: at } = await migrated(place)
  const other = await openAt(at)
  const open = "select 1 from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
  const standing = db.store.write(async (tx) => {
    await tx.hadAdminKey()
    expect(await at.run(open)).toHaveLength(1)
    await until('the server has ended it', async () => (await at.run(open)).length === 0, 10_000)
    await tx.noteAdminKey()
  })
  await expect(standing).rejects.toMatchObject({ code: 'store.unavailable' })
  expect((await other.store.write((tx) => tx.hadAdminKey())).value).toBe(false)
  expect((await markChange(db, ['key:1'])).seq).toBe(1)
})

test('a standby is refused: it may lag, and cannot be written', async () => {
  const own = await startPostgres()
  onTestFinished(() => own.stop())
  await own.stop()
  writeFileSync(join(own.dir, 'standby.signal'), '')
  await own.start()
  await expect(open(own.url)).rejects.toMatchObject({ detail: expect.stringContaining('name the primary') })
})

test('a look-up that is stuck frees its caller at the signal, and its connection soon after', async () => {
  const { db, place: at } = await migrated(place)
  const blocker = await session(at.url)
  await blocker.query('begin; lock table key_digests in access exclusive mode')
  const signal = AbortSignal.timeout(50)
  const finds = await Promise.allSettled(Array.from({ length: 12 }, () => db.credentials.find('x', signal)))
  expect(finds.every((find) => find.status === 'rejected' && find.reason === signal.reason)).toBe(true)
  await blocker.query('rollback')
  await until('a look-up ends well', () => db.credentials.find('x').then(Boolean, () => false), 5000)
})

test('lists and changes that are stuck keep neither beats nor look-ups nor membership waiting', async () => {
  const { db, place: at } = await migrated(place)
  const blocker = await session(at.url)
  await blocker.query('begin; lock table audit in access exclusive mode')
  const lists = Array.from({ length: 80 }, () => db.store.audit({ limit: 5 }))
  const changes = Array.from({ length: 20 }, (_, index) => db.store.write((tx) => tx.audit(anEntry(`aud_${index}`))))
  const stuck = Promise.allSettled([...lists, ...changes])
  const started = performance.now()
  await db.nodes.register({ id: 'node-1', name: 'one', leaseMs: 1000, graceMs: 0 }, 0)
  for (let round = 0; round < 20; round++) {
    const { registered, rows } = await db.changeLog.read('node-1', 0, 1)
    expect(registered).toBe(true)
    if (rows[0]) await db.nodes.confirm('node-1', rows[0])
    await Promise.all(Array.from({ length: 5 }, () => db.credentials.find('unknown')))
  }
  expect((await db.changeLog.snapshot(1000, 10)).head.seq).toBe(0)
  expect(performance.now() - started).toBeLessThan(2000)
  await blocker.query('rollback')
  const ended = await stuck
  for (const one of ended) if (one.status === 'rejected') expect(one.reason).toMatchObject({ status: 503 })
  expect(ended.slice(lists.length).every(({ status }) => status === 'fulfilled')).toBe(true)
})

test('a list that takes too long is ended by the server, and its connection is good again', async () => {
  const { db, place: at } = await migrated(place)
  const blocker = await session(at.url)
  await blocker.query('begin; lock table audit in access exclusive mode')
  await expect(db.store.audit({ limit: 5 })).rejects.toMatchObject({ code: 'store.unavailable' })
  const waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
  expect(await at.run(waiting)).toEqual([])
  await blocker.query('rollback')
  expect((await db.store.audit({ limit: 5 })).data).toEqual([])
})

test('a server that is frozen or killed is unavailable, never wrong, and used again when it is back', async () => {
  const own = await startPostgres()
  onTestFinished(() => own.stop())
  const db = await openAt({ url: own.url, run: (sql) => own.query(sql) })
  await db.migrate()
  await insertKey(db, aKey('key000000001'))
  const find = () => db.credentials.find('digest-of-key000000001')
  own.pause()
  await expect(find()).rejects.toMatchObject({ code: 'store.unavailable' })
  await expect(db.changeLog.read('x', 0, 1)).rejects.toMatchObject({ code: 'store.unavailable' })
  own.resume()
  await until('the server is used again', () => find().then(Boolean, () => false), 5000)
  await own.kill()
  await expect(find()).rejects.toMatchObject({ code: 'store.unavailable' })
  await expect(markChange(db, ['key:1'])).rejects.toMatchObject({ code: 'store.unavailable' })
  await own.start()
  await until('the server is used again', () => find().then(Boolean, () => false), 5000)
  expect((await find()).credential?.keyId).toBe('key000000001')
})

test('a setting that would lose acknowledged commits is overruled', async () => {
  const { url } = await place()
  await server.query(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`)
  const db = await openAt({ url, run: (sql) => server.query(sql, url) })
  await db.migrate()
  const watched = await server.query('show synchronous_commit', url)
  expect(watched).toEqual([{ synchronous_commit: 'off' }])
  const log = await session(url)
  const before = await lsn(log)
  await markChange(db, ['key:1'])
  expect(await lsn(log)).not.toBe(before)
})

/** How far the write-ahead log is on the disk. */
async function lsn(client: pg.Client): Promise<string> {
  return (await client.query('select pg_current_wal_flush_lsn()::text as lsn')).rows[0].lsn
}

test('pushes reach every node, and again after the connection was lost', async () => {
  const { db, place: at } = await migrated(place)
  const other = await openAt(at)
  const heard: string[] = []
  const stop = await db.push?.subscribe((message) => heard.push(`db ${message}`))
  await other.push?.subscribe((message) => heard.push(`other ${message}`))
  await other.push?.publish("it's 'quoted'")
  await until('both have heard it', () => heard.length === 2)
  expect(heard.sort()).toEqual(["db it's 'quoted'", "other it's 'quoted'"])
  stop?.()
  await at.run("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'")
  await until('the other has heard it', async () => {
    await db.push?.publish('again').catch(() => {})
    return heard.includes('other again')
  })
  expect(heard).not.toContain('db again')
  await expect(db.push?.publish('x'.repeat(8000))).rejects.toMatchObject({ code: 'tier.unavailable' })
})
