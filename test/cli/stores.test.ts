import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { gatehouse, lines, only, serve } from './gatehouse.ts'

interface Found {
  readonly what: string
  readonly state: 'ok' | 'note' | 'mend'
  readonly says: string
  readonly fix?: string
}

let postgres: PostgresServer
let redis: RedisServer
const cwd = scratchDirectory('stores')

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
}, 60_000)
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

async function environment() {
  return {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 3).toString('base64'),
  }
}

test('migrate does its work once, also when two run at the same time', async () => {
  const env = await environment()
  const both = await Promise.all([0, 1].map(() => gatehouse(['migrate', '--json'], { cwd, env })))
  const done = both.map((ran) => only<{ done: string[] }>(ran).done)
  expect(done.map(({ length }) => length).sort()[0]).toBe(0)
  expect(done.flat().length).toBeGreaterThan(0)
  expect((await gatehouse(['migrate'], { cwd, env })).out).toBe('The schema is up to date.\n')
}, 30_000)

test('doctor finds nothing to mend on stores that a server runs on, and names what is wrong when something is', async () => {
  const env = await environment()
  const server = await serve(['--demo'], { cwd, env })
  await server.stop()
  const well = await gatehouse(['doctor', '--json'], { cwd, env })
  const found = lines<Found>(well)
  expect(found.filter(({ state }) => state === 'mend')).toEqual([])
  expect(well.code).toBe(0)
  const says = Object.fromEntries(found.map(({ what, says }) => [what, says]))
  expect(says.database).toMatch(/^PostgreSQL \d+/)
  expect(says.redis).toMatch(/^(Redis|Valkey) \d+/)
  expect(says['master key']).toBe('fits the database')
  expect(says['clock of the database']).toMatch(/agrees|differs by -?\d+ ms$/)

  const otherKey = { ...env, GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 4).toString('base64') }
  const unfit = lines<Found>(await gatehouse(['doctor', '--json'], { cwd, env: otherKey }))
  expect(unfit.find(({ what }) => what === 'master key')).toMatchObject({ state: 'mend' })

  const away = { ...env, REDIS_URL: 'redis://127.0.0.1:1', DATABASE_URL: 'postgres://u:geheim@127.0.0.1:1/d' }
  const ill = await gatehouse(['doctor'], { cwd, env: away })
  expect(ill.code).toBe(1)
  expect(ill.out).toMatch(/✗ database: .*\n {2}→ /)
  expect(ill.out).toMatch(/✗ redis: .*\n {2}→ /)
  expect(ill.out).not.toContain('geheim')
}, 60_000)

test('doctor leaves an empty database empty', async () => {
  const env = await environment()
  const ran = await gatehouse(['doctor', '--json'], { cwd, env })
  expect(ran.code).toBe(0)
  expect(lines<Found>(ran).find(({ what }) => what === 'schema')).toMatchObject({ state: 'note' })
  const tables = "select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace"
  expect(await postgres.query(tables, env.DATABASE_URL)).toEqual([{ n: 0 }])
}, 30_000)

test('a key of one node is revoked on another, through the commands', async () => {
  const env = await environment()
  const [one, other] = [await serve(['--demo'], { cwd, env }), await serve([], { cwd, env })]
  const access = { GATEHOUSE_ADMIN_KEY: one.adminKey ?? '' }
  const ask = (url: string, ...args: string[]) =>
    gatehouse([...args, '--json', '--url', url], { cwd, env: access, input: one.demo?.key ?? '' })
  const first = only<{ code: string; keyId: string }>(await ask(other.url, 'keys', 'verify', '-'))
  expect(first.code).toBe('VALID')
  const receipt = only<{ complete: boolean; nodes: unknown[] }>(
    await ask(one.url, 'keys', 'revoke', first.keyId, '--wait', '--timeout', '10s'),
  )
  expect(receipt.complete).toBe(true)
  expect(receipt.nodes).toHaveLength(2)
  expect(only(await ask(other.url, 'keys', 'verify', '-'))).toMatchObject({ code: 'REVOKED' })
  expect(await Promise.all([one.stop(), other.stop()])).toEqual([0, 0])
}, 60_000)

test('bench measures all four, and leaves nothing behind', async () => {
  const measured = lines<{ what: string; perSecond: number; ofBare?: number }>(
    await gatehouse(['bench', '--duration', '2s', '--json'], { cwd: scratchDirectory('bench') }),
  )
  expect(measured.map(({ what }) => what)).toEqual([
    'in process, peek',
    'in process, verify',
    'bare HTTP server',
    'HTTP /authz',
  ])
  for (const { perSecond } of measured) expect(perSecond).toBeGreaterThan(100)
}, 30_000)
