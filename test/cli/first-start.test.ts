import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../servers/scratch.ts'
import { gatehouse, only, serve, start } from './gatehouse.ts'

test('the first start in an empty folder makes what it needs, for its owner only, and prints keys that work', async () => {
  const cwd = scratchDirectory('first-start')
  const server = await serve(['--demo'], { cwd })
  expect(readdirSync(cwd)).toEqual(['.gatehouse'])
  expect(modeOf(join(cwd, '.gatehouse'))).toBe('700')
  expect(modeOf(join(cwd, '.gatehouse', 'master-key'))).toBe('600')
  expect(modeOf(join(cwd, '.gatehouse', 'gatehouse.db'))).toBe('600')
  expect(await statusOf(`${server.url}/authz`, server.demo?.key)).toBe(200)
  expect(await statusOf(`${server.url}/api/v1/tenants`, server.adminKey)).toBe(200)
  expect(await server.stop()).toBe(0)

  const second = await serve([], { cwd })
  expect(second).not.toHaveProperty('adminKey')
  expect(second).not.toHaveProperty('demo')
  expect(await statusOf(`${second.url}/authz`, server.demo?.key)).toBe(200)
  expect(await second.stop('SIGINT')).toBe(0)
})

test('an admin key that is given is used and not printed', async () => {
  const cwd = scratchDirectory('given-admin-key')
  const env = { GATEHOUSE_ADMIN_KEY: 'an-admin-key-of-my-own' }
  const server = await serve([], { cwd, env })
  expect(server).not.toHaveProperty('adminKey')
  expect(await statusOf(`${server.url}/api/v1/tenants`, env.GATEHOUSE_ADMIN_KEY)).toBe(200)
  expect(await server.stop()).toBe(0)
})

test('the curl line that is printed is one that works', async () => {
  const child = start(['serve', '--demo', '--port', '0', '--log-level', 'silent'], {
    cwd: scratchDirectory('curl-line'),
  })
  const ended = once(child, 'exit')
  let said = ''
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    said += chunk
    if (said.includes('/authz')) break
  }
  expect(said).toMatch(/^Gatehouse listens at http:\/\/127\.0\.0\.1:\d+$/m)
  expect(said).toMatch(/The admin key, shown this once:\n {2}gh_admin_[0-9A-Za-z]{56}\n/)
  const [, key, url] = /curl -i -H 'Authorization: Bearer (\S+)' (\S+)/.exec(said) ?? []
  expect(await statusOf(url ?? '', key)).toBe(200)
  child.kill()
  expect(await ended).toEqual([0, null])
})

test('a lost admin key is replaced offline, by whoever has the database and the master key', async () => {
  const cwd = scratchDirectory('recover')
  await (await serve([], { cwd })).stop()
  const { key } = only<{ key: string }>(await gatehouse(['admin', 'recover', '--json'], { cwd }))
  const server = await serve([], { cwd })
  expect(await statusOf(`${server.url}/api/v1/tenants`, key)).toBe(200)
  await server.stop()

  const empty = scratchDirectory('recover-nothing')
  const elsewhere = await gatehouse(['admin', 'recover'], { cwd: empty })
  expect(elsewhere.code).toBe(1)
  expect(elsewhere.err).toMatch(/never been started on/)
  expect(readdirSync(empty)).toEqual([])
  const wrongKey = { GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const refused = await gatehouse(['admin', 'recover'], { cwd, env: wrongKey })
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/GATEHOUSE_MASTER_KEY is not the key/)
})

test('a master key that was lost is not replaced by another, which would open nothing', async () => {
  const cwd = scratchDirectory('lost-master-key')
  await (await serve([], { cwd })).stop()
  const verifier = only<{ verifier: string }>(await gatehouse(['admin', 'verifier', '--json'], { cwd }))
  expect(verifier.verifier).toMatch(/^ghv1\./)
  rmSync(join(cwd, '.gatehouse', 'master-key'))
  for (const command of [
    ['serve', '--port', '0'],
    ['admin', 'recover'],
    ['admin', 'verifier'],
  ]) {
    const ran = await gatehouse(command, { cwd })
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/There is no master key at .*master-key.*Bring the file back/)
  }
  expect(readdirSync(join(cwd, '.gatehouse'))).not.toContain('master-key')
}, 30_000)

test('a master key that others may read is refused with its mend, and an open folder is said', async () => {
  const cwd = scratchDirectory('open-master-key')
  await (await serve([], { cwd })).stop()
  const path = join(cwd, '.gatehouse', 'master-key')
  chmodSync(path, 0o640)
  const refused = await gatehouse(['admin', 'verifier'], { cwd })
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/can be read by other users.*Run: chmod 600 .*master-key/)
  chmodSync(path, 0o600)
  chmodSync(join(cwd, '.gatehouse'), 0o755)
  const warned = await gatehouse(['admin', 'verifier'], { cwd })
  expect(warned.code).toBe(0)
  expect(warned.err).toMatch(/open to other users.*Run: chmod 700 .*\.gatehouse/)
  chmodSync(join(cwd, '.gatehouse'), 0o700)
  expect((await gatehouse(['admin', 'verifier'], { cwd })).err).toBe('')
}, 30_000)

test('a master key that is a link to nothing is one sentence with its mend', async () => {
  const cwd = scratchDirectory('dead-link')
  mkdirSync(join(cwd, '.gatehouse'), { mode: 0o700 })
  symlinkSync('gone', join(cwd, '.gatehouse', 'master-key'))
  const ran = await gatehouse(['serve', '--port', '0'], { cwd })
  expect(ran.code).toBe(1)
  expect(ran.err).toMatch(
    /^gatehouse: The master key at .*master-key is a link to a file that is not there\. Bring.*\n$/,
  )
})

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

async function statusOf(url: string, key: string | undefined): Promise<number> {
  return (await fetch(url, { headers: { authorization: `Bearer ${key}` } })).status
}
