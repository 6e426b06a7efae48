import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { gatehouse, serve } from './gatehouse.ts'

const masterKey = Buffer.alloc(32, 1).toString('base64')

/** What is wrong, and what the one line on standard error must name. */
const refused: readonly [string, Readonly<Record<string, string>>, readonly RegExp[]][] = [
  [
    'a PostgreSQL that is not there',
    { DATABASE_URL: 'postgres://user:geheim@127.0.0.1:1/db', GATEHOUSE_MASTER_KEY: masterKey },
    [/DATABASE_URL/, /127\.0\.0\.1:1/],
  ],
  ['a Redis that is not there', { REDIS_URL: 'redis://:geheim@127.0.0.1:1' }, [/REDIS_URL/, /[Ss]tart it/]],
  ['a Redis address that is none', { REDIS_URL: 'http://:geheim@localhost' }, [/REDIS_URL/, /redis:\/\//]],
  [
    'a master key that is too short',
    { GATEHOUSE_MASTER_KEY: 'geheim' },
    [/GATEHOUSE_MASTER_KEY is 6 characters/, /openssl/],
  ],
  ['a variable that is not known', { GATEHOUSE_LEESE: '1s' }, [/GATEHOUSE_LEESE/, /Did you mean GATEHOUSE_LEASE/]],
  ['a duration without a unit', { GATEHOUSE_LEASE: '1000' }, [/GATEHOUSE_LEASE is "1000"/, /500ms/]],
  ['PostgreSQL without a master key', { DATABASE_URL: 'postgres://u:geheim@h/d' }, [/GATEHOUSE_MASTER_KEY/, /openssl/]],
  ['a grace of the strict posture', { GATEHOUSE_POSTURE: 'strict', GATEHOUSE_GRACE: '5s' }, [/GATEHOUSE_GRACE/]],
]

test.each(refused)('%s is refused in one line that names it and the mend', async (_, env, expected) => {
  const ran = await gatehouse(['serve', '--port', '0'], { cwd: scratchDirectory('start-error'), env })
  expect(ran.code).toBe(1)
  expect(ran.err.trim().split('\n')).toHaveLength(1)
  for (const pattern of expected) expect(ran.err).toMatch(pattern)
  expect(ran.out + ran.err).not.toContain('geheim')
})

test('a member of gatehouse.yaml that is not known is refused with what was meant', async () => {
  const cwd = scratchDirectory('unknown-member')
  writeFileSync(join(cwd, 'gatehouse.yaml'), 'port: 0\ndrian: 5s\n')
  const ran = await gatehouse(['serve'], { cwd })
  expect(ran.code).toBe(1)
  expect(ran.err).toBe(
    'gatehouse: gatehouse.yaml has the setting drian, which Gatehouse does not know. Did you mean drain? Otherwise remove it.\n',
  )
})

test('a port that is taken is said, with its number', async () => {
  const port = await freePort()
  const holder = createServer().listen(port, '127.0.0.1')
  const ran = await gatehouse(['serve', '--port', String(port)], { cwd: scratchDirectory('taken-port') })
  holder.close()
  expect(ran.code).toBe(1)
  expect(ran.err).toContain(String(port))
  expect(ran.err.trim().split('\n')).toHaveLength(1)
})

test('another master key than that of the database is refused', async () => {
  const cwd = scratchDirectory('other-master-key')
  await (await serve([], { cwd })).stop()
  const path = join(cwd, '.gatehouse', 'master-key')
  const original = readFileSync(path, 'utf8')
  chmodSync(path, 0o600)
  writeFileSync(path, masterKey)
  const ran = await gatehouse(['serve', '--port', '0'], { cwd })
  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(/GATEHOUSE_MASTER_KEY is not the key/)
  const doctor = await gatehouse(['doctor'], { cwd })
  expect(doctor.code).toBe(1)
  expect(doctor.out).toMatch(/✗ master key/)
  writeFileSync(path, original)
  expect((await gatehouse(['doctor'], { cwd })).code).toBe(0)
})

test('a database file that is none is refused', async () => {
  const cwd = scratchDirectory('no-database')
  writeFileSync(join(cwd, 'notes.txt'), 'These are notes. '.repeat(100))
  const ran = await gatehouse(['serve', '--port', '0', '--database-url', 'sqlite:notes.txt'], { cwd })
  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(/DATABASE_URL/)
  expect(readFileSync(join(cwd, 'notes.txt'), 'utf8')).toMatch(/^These are notes/)
})
