import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../servers/scratch.ts'
import { startSystem } from './system.ts'

describe('with a listener of its own for the admin API', () => {
  test('the public one answers the check and the probes, and nothing else is there', async () => {
    const system = await startSystem({ http: { adminListen: { host: '127.0.0.1', port: 0 } } })
    expect(system.adminUrl).not.toBe(system.url)
    const { key } = await system.newKey()
    expect((await system.authz(key)).status).toBe(200)
    expect((await system.ask('/healthz')).status).toBe(200)
    expect((await system.ask('/readyz')).status).toBe(200)
    const headers = { authorization: `Bearer ${system.adminKey}` }
    for (const path of ['/', '/docs', '/openapi.json', '/metrics', '/api/v1/keys', '/API/v1/keys', '//api/v1/keys']) {
      const reply = await system.ask(path, { headers })
      expect(reply.status, path).toBe(404)
      expect(reply.headers['content-type']).toBe('application/problem+json')
    }
    expect((await system.ask(`${system.adminUrl}/metrics`, { headers })).status).toBe(200)
    expect((await system.ask(`${system.adminUrl}/healthz`)).status).toBe(200)
    await system.close()
  })
})

test('with a certificate it speaks TLS only', async () => {
  const dir = scratchDirectory('tls')
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-nodes', '-subj', '/CN=localhost', '-keyout', key, '-out', cert],
    {
      stdio: 'ignore',
    },
  )
  const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  const system = await startSystem({ http: { tls } })
  expect(system.url).toMatch(/^https:/)
  const token = await system.newKey()
  expect((await system.authz(token.key)).status).toBe(200)
  await expect(system.ask(`${system.url.replace('https', 'http')}/healthz`)).rejects.toThrow()
  await system.close()
})

test('a port that is taken is one sentence with its mend', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await expect(startSystem({ http: { port } })).rejects.toMatchObject({
    code: 'setting.invalid',
    public: `Cannot listen on 127.0.0.1:${port}`,
    fix: 'Stop what uses this port, or set PORT',
  })
  await new Promise((resolve) => other.close(resolve))
})
