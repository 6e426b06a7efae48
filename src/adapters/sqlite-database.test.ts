import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../kernel/clock.ts'
import { openAt } from '../testing/sql-fixture.ts'
import { sqlStoreSuite } from '../testing/sql-store-suite.ts'
import { openDatabase } from './sql-database.ts'

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'data', 'gatehouse.db')
}

async function place() {
  const path = newPath()
  // Opened once so that there is a file for `run`.
  await (await openDatabase({ url: `sqlite:${path}`, poolSize: 1, clock: systemClock })).close()
  return {
    url: `sqlite:${path}`,
    async run(sql: string) {
      const database = new DatabaseSync(path, { timeout: 2000 })
      try {
        return database.prepare(sql).all() as Record<string, unknown>[]
      } finally {
        database.close()
      }
    },
  }
}

sqlStoreSuite('SQLite', place)

const open = (url: string) => openDatabase({ url, poolSize: 1, clock: systemClock })

test('the database can be read by its owner only', async () => {
  const { url } = await place()
  const db = await openAt({ url, run: async () => [] })
  await db.migrate()
  await db.vault.addPepper(1, 'wrapped')
  const path = url.slice('sqlite:'.length)
  for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a refused database is not changed by a byte', async () => {
  const { url, run } = await place()
  await run('create table keys (mine text)')
  const path = url.slice('sqlite:'.length)
  const before = readFileSync(path)
  const db = await open(url)
  await expect(db.migrate()).rejects.toMatchObject({ code: 'store.incompatible' })
  await db.close()
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.each(['sqlite:', 'sqlite::memory:', 'sqlite://host/path', 'mysql://x', '', '.gatehouse/gatehouse.db'])(
  'the address %j is refused with a sentence that names the setting',
  async (url) => {
    const refused = { code: 'setting.invalid', detail: expect.stringContaining('DATABASE_URL') }
    await expect(open(url)).rejects.toMatchObject(refused)
  },
)

test('a file that is no database, and a folder, are refused with a sentence', async () => {
  const { url } = await place()
  const path = url.slice('sqlite:'.length)
  writeFileSync(path, 'this is a text, and has been one for longer than a hundred characters. '.repeat(40))
  await expect(open(url)).rejects.toMatchObject({ detail: expect.stringContaining('DATABASE_URL') })
  await expect(open(`sqlite:${join(path, '..')}`)).rejects.toMatchObject({ code: 'setting.invalid' })
})

test('a writer in another process holds no check up, and is waited for by a change', async () => {
  const { url } = await place()
  const db = await openAt({ url, run: async () => [] })
  await db.migrate()
  const other = new DatabaseSync(url.slice('sqlite:'.length))
  onTestFinished(() => other.close())
  other.exec('begin immediate')
  let written = false
  const write = db.store
    .write(async (tx) => tx.mark({ subjects: ['all'], restricts: true }))
    .then(() => {
      written = true
    })
  const started = performance.now()
  for (let round = 0; round < 100; round++) {
    await db.credentials.find('unknown')
    await new Promise(setImmediate)
  }
  expect(performance.now() - started).toBeLessThan(1000)
  expect(written).toBe(false)
  other.exec('commit')
  await write
})

test('after closing, everything is unavailable', async () => {
  const { url } = await place()
  const db = await open(url)
  await db.migrate()
  await db.close()
  await expect(db.ping()).rejects.toThrow()
  await expect(db.credentials.find('x')).rejects.toMatchObject({ code: 'store.unavailable' })
})

test.each(['removed', 'replaced'])(
  'on a file that was %s neither a beat nor a change is taken for done',
  async (how) => {
    const path = newPath()
    const db = await openDatabase({ url: `sqlite:${path}`, poolSize: 1, clock: systemClock })
    onTestFinished(() => db.close())
    await db.migrate()
    await db.nodes.register({ id: 'n', name: 'n', leaseMs: 1000, graceMs: 0 }, 0)
    expect((await db.changeLog.read('n', 0, 10)).registered).toBe(true)
    const copy = readFileSync(path)
    rmSync(path)
    if (how === 'replaced') writeFileSync(path, copy)
    await expect(db.changeLog.read('n', 0, 10)).rejects.toMatchObject({ code: 'store.unavailable' })
    await expect(db.store.write(async () => {})).rejects.toMatchObject({ code: 'store.unavailable' })
  },
)
