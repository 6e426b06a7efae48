import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../test/servers/postgres.ts'
import { until } from '../test/servers/until.ts'
import { openDatabase } from './adapters/sql-database.ts'
import { systemCaller } from './authority/authority.ts'
import { systemClock } from './kernel/clock.ts'
import { createGatehouse } from './library.ts'
import { createRuntime } from './runtime.ts'
import { openForOffline } from './runtime-offline.ts'
import { settingsFrom } from './settings.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

/** What the guide tells operators to grant, statement by statement. */
async function grants(): Promise<readonly string[]> {
  const guide = await readFile(new URL('../docs/guide/in-process.md', import.meta.url), 'utf8')
  const [, block = ''] = /```sql\n([\s\S]*?)```/.exec(guide) ?? []
  return block
    .split(';')
    .map((statement) => statement.trim())
    .filter(Boolean)
}

/** A server, and an app on a role that may do what the guide says and no more. */
async function place() {
  const url = await server.createDatabase()
  const role = `app_${new URL(url).pathname.slice(1)}`
  const settings = {
    databaseUrl: url,
    masterKey: randomBytes(32).toString('base64'),
    adminKey: 'x'.repeat(40),
    port: 0,
    logLevel: 'silent',
  } as const
  const runtime = await createRuntime(settingsFrom(settings))
  onTestFinished(() => runtime.close())
  const offline = openForOffline(settingsFrom(settings))
  const verifier = (await offline.verifier()).reveal()
  await offline.close()
  await server.query(`create role ${role} login`, url)
  const statements = await grants()
  expect(statements.length).toBeGreaterThan(2)
  for (const one of statements) await server.query(one.replaceAll('app_role', role), url)
  const roleUrl = Object.assign(new URL(url), { username: role }).href
  return {
    url,
    roleUrl,
    runtime,
    app: { databaseUrl: roleUrl, verifier, logLevel: 'silent', usageFlush: 100 } as const,
  }
}

const caller = systemCaller('system')

test('a role with the grants of the guide starts, checks, confirms a revocation, notes last use and leaves', async () => {
  const { url, runtime, app } = await place()
  const made = await runtime.authority.createKey(caller, {
    kind: 'service',
    tenantId: await tenant(runtime),
    name: 'k',
  })
  const gate = await createGatehouse(app)
  const token = made.secret.reveal()
  expect((await gate.verify(token)).kind).toBe('accepted')
  await until('the last use is noted', async () => {
    const rows = await server.query(`select 1 from keys where id = '${made.key.id}' and last_used_at_ms > 0`, url)
    return rows.length === 1
  })
  const started = performance.now()
  const receipt = await runtime.revoker.revoke(caller, made.key.id, { remove: false, timeoutMs: 5000 })
  expect(receipt.complete).toBe(true)
  expect(receipt.nodes.map(({ id }) => id)).toContain(gate.nodeId)
  expect(performance.now() - started).toBeLessThan(1500)
  expect(await gate.verify(token)).toMatchObject({ kind: 'refused', reason: 'REVOKED' })
  await gate.close()
  expect(await server.query(`select 1 from nodes where id = '${gate.nodeId}'`, url)).toEqual([])
})

test('that role may not write or trim the log, nor change a key', async () => {
  const { roleUrl } = await place()
  const db = await openDatabase({ url: roleUrl, poolSize: 4, clock: systemClock })
  onTestFinished(() => db.close())
  for (const refused of [
    () => db.store.write(async (tx) => tx.mark({ subjects: ['all'], restricts: true })),
    () => db.store.write((tx) => tx.noteAdminKey()),
    () => db.duties.claim('trim_log', 1),
    () => db.duties.trimAudit(1, 1),
    () => db.changeLog.trim(1),
  ]) {
    await expect(refused()).rejects.toThrow('permission denied')
  }
})

/** What a failover leaves that lost the last commit. */
const loseLast = `with gone as (delete from change_log where seq = (select seq from log_head) returning seq),
    last as (select c.seq, c.mark, c.previous_mark from change_log c, gone where c.seq = gone.seq - 1)
  update log_head set seq = last.seq, mark = last.mark, previous_mark = last.previous_mark from last`

async function afterFailover(prepare: (url: string, role: string) => Promise<unknown>) {
  const { url, roleUrl, runtime, app } = await place()
  const made = await runtime.authority.createKey(caller, {
    kind: 'service',
    tenantId: await tenant(runtime),
    name: 'k',
  })
  await runtime.close()
  await prepare(url, new URL(roleUrl).username)
  const gate = await createGatehouse({ ...app, posture: 'strict' })
  onTestFinished(() => gate.close())
  const tierOf = async () => (await gate.verify(made.secret.reveal())).certificate.tier
  expect(await tierOf()).not.toBe('none')
  await until('the key is cached', async () => (await tierOf()) === 'L1')
  await server.query(loseLast, url)
  return { url, tierOf }
}

test('after a failover that lost commits the app starts the log anew by itself, and then caches again', async () => {
  const { url, tierOf } = await afterFailover(async () => {})
  const head = async () => Number((await server.query('select seq from log_head', url))[0]?.seq)
  await until('the log is forked', async () => (await head()) > 2 ** 32)
  await until('the key is cached again', async () => (await tierOf()) === 'L1')
})

test('an app that may not start the log anew believes no cache after such a failover, and asks the database', async () => {
  const { tierOf } = await afterFailover((url, role) =>
    server.query(`revoke execute on function gatehouse_fork(bigint, text) from ${role}`, url),
  )
  await until('no cache is believed', async () => (await tierOf()) === 'L3')
  for (let round = 0; round < 200; round++) expect(await tierOf()).toBe('L3')
})

async function tenant({ authority }: Awaited<ReturnType<typeof createRuntime>>): Promise<string> {
  return (await authority.createTenant(caller, { name: 'Acme' })).id
}
