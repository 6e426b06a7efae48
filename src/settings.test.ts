import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../test/servers/scratch.ts'
import { Fault } from './kernel/fault.ts'
import { adminAddress, type LoadOptions, loadConfiguration, loadSettings, settingsFrom } from './settings.ts'
import { settingNames, settingOf } from './settings-table.ts'

/** Files by name; nothing else is there. */
function load(options: LoadOptions & { readonly files?: Readonly<Record<string, string>> } = {}) {
  const { files = {}, ...rest } = options
  const readFile = (path: string) => {
    const text = files[path.replace(/^\/nowhere\//, '')]
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return text
  }
  return loadConfiguration({ cwd: '/nowhere', env: {}, readFile, ...rest })
}

function refusal(options: Parameters<typeof load>[0]): string {
  try {
    load(options)
  } catch (error) {
    if (error instanceof Fault && error.code === 'setting.invalid') return `${error.public}. ${error.fix}`
    throw error
  }
  throw new Error('nothing was refused')
}

test('nothing given, everything has its default', () => {
  const { settings } = load()
  expect(settings).toMatchObject({
    databaseUrl: 'sqlite:.gatehouse/gatehouse.db',
    redisUrl: null,
    port: 8700,
    host: '127.0.0.1',
    posture: 'balanced',
    leaseMs: 1000,
    graceMs: 120_000,
    beatMs: 250,
    positiveMs: 600_000,
    absentMs: 60_000,
    trustedProxies: ['127.0.0.0/8', '::1/128'],
    credentialHeaders: [],
  })
  expect(Object.isFrozen(settings)).toBe(true)
})

test('every default is a value that the setting allows', () => {
  for (const name of settingNames) {
    const { default: fallback, kind } = settingOf(name)
    if (fallback === null) continue
    expect(kind.read(fallback, { readFile: () => '', numbersAreMs: false }), name).toBeDefined()
  }
})

test('a flag comes before the environment, the environment before the file, the file before the default', () => {
  const files = { 'gatehouse.yaml': 'port: 1\ndrain: 1s\nlease: 2s' }
  const { settings } = load({ files, env: { PORT: '2', GATEHOUSE_DRAIN: '2s' }, flags: { port: '3' } })
  expect(settings).toMatchObject({ port: 3, drainMs: 2000, leaseMs: 2000 })
})

test('an empty variable counts as not given, so that a compose file may pass on what is not set', () => {
  expect(load({ env: { REDIS_URL: '', GATEHOUSE_LEASE: '' } }).settings).toMatchObject({
    redisUrl: null,
    leaseMs: 1000,
  })
})

test('X_FILE reads X from a file without its last line break, and not beside X', () => {
  const files = { 'key.txt': 'sixteen-visible-characters\n' }
  const { settings } = load({ files, env: { GATEHOUSE_ADMIN_KEY_FILE: 'key.txt' } })
  expect(settings.adminKey?.reveal()).toBe('sixteen-visible-characters')
  expect(refusal({ files, env: { GATEHOUSE_ADMIN_KEY_FILE: 'key.txt', GATEHOUSE_ADMIN_KEY: 'x' } })).toBe(
    'Both GATEHOUSE_ADMIN_KEY and GATEHOUSE_ADMIN_KEY_FILE are set. Remove one of them',
  )
  expect(refusal({ env: { GATEHOUSE_ADMIN_KEY_FILE: 'gone' } })).toMatch(/GATEHOUSE_ADMIN_KEY_FILE names gone/)
})

test('the posture decides the grace unless it is given', () => {
  expect(load({ env: { GATEHOUSE_POSTURE: 'strict' } }).settings.graceMs).toBe(0)
  expect(load({ env: { GATEHOUSE_POSTURE: 'available' } }).settings.graceMs).toBe(600_000)
  expect(load({ env: { GATEHOUSE_GRACE: '5s' } }).settings.graceMs).toBe(5000)
})

test.each([
  [{ env: { GATEHOUSE_LEASE: '400ms' } }, /GATEHOUSE_LEASE \(400ms\) is less than twice GATEHOUSE_BEAT.*Raise/],
  [{ flags: { posture: 'strict', grace: '1s' } }, /--posture is strict.*Remove --grace/],
  [{ env: { GATEHOUSE_TLS_KEY: '-----BEGIN x' } }, /Only one of GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY/],
  [{ env: { DATABASE_URL: 'postgres://h/d' } }, /GATEHOUSE_MASTER_KEY is not set/],
  [{ env: { GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:8700' } }, /is the address that HOST and PORT name/],
  [{ env: { GATEHOUSE_PRELOAD: '200', GATEHOUSE_ENTRY_LIMIT: '100' } }, /GATEHOUSE_PRELOAD is more than/],
  [{ env: { GATEHOUSE_WORKERS: '4' } }, /a node is one process.*start several nodes/],
])('settings that cannot stand together are refused with the mend: %j', (options, sentence) => {
  expect(refusal(options)).toMatch(sentence)
})

test.each([
  [{ env: { PORT: '65536' } }, /PORT is "65536".*0 to 65535/],
  [{ env: { GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/33' } }, /10\.0\.0\.0\/33/],
  [{ env: { GATEHOUSE_CREDENTIAL_HEADERS: 'x-key, cookie' } }, /cookie is a header that carries something else/],
  [{ env: { GATEHOUSE_POSTURE: 'lax' } }, /strict, balanced, available/],
  [{ env: { DATABASE_URL: 'mysql://u:geheim@h/d' } }, /DATABASE_URL is "mysql:\/\/\*\*\*@h\/d"/],
  [{ env: { REDIS_URL: 'redis://:geheim@h:1/x' } }, /REDIS_URL is "redis:\/\/\*\*\*@h:1\/x"/],
  [{ env: { GATEHOUSE_MASTER_KEY: 'geheim' } }, /GATEHOUSE_MASTER_KEY is 6 characters/],
  [{ env: { GATEHOUSE_ADMIN_KEY: 'geheim' } }, /GATEHOUSE_ADMIN_KEY is 6 characters/],
  [{ env: { GATEHOUSE_TLS_CERT: 'geheim.pem', GATEHOUSE_TLS_KEY: 'x' } }, /cannot be read/],
  [{ env: { GATEHOUSE_TLS_KEY: 'geheim' } }, /GATEHOUSE_TLS_KEY.*6 characters.*cannot be read/],
  [{ env: { GATEHOUSE_TLS_KEY: 'gatehouse.txt' }, files: { 'gatehouse.txt': 'geheim' } }, /is not a PEM file/],
  [{ env: { HOST: '999.1.1.1' } }, /HOST is "999\.1\.1\.1"/],
  [{ env: { HOST: '127.1' } }, /HOST is "127\.1"/],
  [{ env: { HOST: '::1::' } }, /HOST is "::1::"/],
  [{ env: { HOST: '-a' } }, /HOST is "-a"/],
  [{ env: { GATEHOUSE_ADMIN_LISTEN: '10.0.0.256:1' } }, /GATEHOUSE_ADMIN_LISTEN is "10\.0\.0\.256:1"/],
  [{ files: { 'gatehouse.yaml': 'redis: x' } }, /the setting redis.*Did you mean redisUrl/],
  [{ files: { 'gatehouse.yaml': 'adminKey: "geheim' } }, /gatehouse\.yaml cannot be read as settings at line 1/],
  [{ files: { 'gatehouse.yaml': '- geheim' } }, /cannot be read as settings/],
  [{ files: { 'gatehouse.yaml': '', 'gatehouse.json': '{}' } }, /both gatehouse\.yaml and gatehouse\.json/],
  [{ files: { 'gatehouse.json': '{"lease": 1000}' } }, /lease in gatehouse\.json is 1000.*500ms/],
  [{ configFile: 'gone.yaml' }, /--config names gone\.yaml/],
  [{ env: { GATEHOUSE_PORT: '1' } }, /Did you mean PORT/],
])('what is not allowed is refused by its name, without secrets: %j', (options, sentence) => {
  const said = refusal(options)
  expect(said).toMatch(sentence)
  if (!said.includes('geheim.pem')) expect(said).not.toContain('geheim')
})

test.each(['0.0.0.0', '::', 'fe80::1', 'localhost', 'gate-1.example.com', 'gate_1'])('HOST may be %s', (host) => {
  expect(load({ env: { HOST: host } }).settings.host).toBe(host)
})

test('what Kubernetes puts beside a Service called gatehouse is no setting', () => {
  const env = {
    GATEHOUSE_SERVICE_HOST: '10.0.0.1',
    GATEHOUSE_PORT: 'tcp://10.0.0.1:8700',
    GATEHOUSE_PORT_8700_TCP_ADDR: 'x',
  }
  expect(load({ env }).settings.port).toBe(8700)
})

test('a configuration that is printed holds no secret, and says where each setting came from', () => {
  const key = Buffer.alloc(32, 9).toString('base64')
  const env = {
    DATABASE_URL: 'postgres://u:geheim@h/d?password=geheim',
    REDIS_URL: 'redis+sentinel://:geheim@a,b/m?sentinelPassword=geheim',
    GATEHOUSE_MASTER_KEY: key,
    GATEHOUSE_ADMIN_KEY: 'geheim-geheim-geheim',
  }
  const { shown, settings } = load({ env, flags: { port: '9' } })
  expect(JSON.stringify(shown)).not.toMatch(/geheim/)
  expect(JSON.stringify(shown)).not.toContain(key)
  expect(shown.find(({ name }) => name === 'port')).toEqual({ name: 'port', value: 9, from: '--port' })
  expect(settings.masterKey?.reveal()).toBe(key)
})

test('a certificate and a key must have been made together', () => {
  const folder = scratchDirectory('tls')
  const make = (name: string) => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
    const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost']
    execFileSync('openssl', ['req', '-x509', ...options, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key, cert }
  }
  const [one, other] = [make('one'), make('other')]
  const read = (tlsCert: string, tlsKey: string) => loadSettings({ cwd: folder, env: {}, flags: { tlsCert, tlsKey } })
  expect(read(one.cert, one.key).tls?.cert).toBe(readFileSync(one.cert, 'utf8'))
  expect(() => read(one.cert, other.key)).toThrow(/not the private key/)
})

test('a program gives durations as milliseconds or as text', () => {
  const files = { databaseUrl: 'sqlite:x.db', lease: 2000, absent: '5s' } as const
  expect(settingsFrom(files)).toMatchObject({ databaseUrl: 'sqlite:x.db', leaseMs: 2000, absentMs: 5000 })
})

test.each([
  [{}, 'http://127.0.0.1:8700'],
  [{ HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
  [{ HOST: '::', GATEHOUSE_ADMIN_LISTEN: '[::1]:9001' }, 'http://[::1]:9001'],
])('commands find the server of the same settings: %j', (env, address) => {
  expect(adminAddress({ cwd: '/nowhere', env })).toBe(address)
})
