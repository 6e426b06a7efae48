import { postures } from './gateway/degradation.ts'
import type { Secret } from './kernel/secret.ts'
import {
  certificate,
  choice,
  databaseUrl,
  duration,
  headers,
  host,
  type Kind,
  listener,
  privateKey,
  proxies,
  redisUrl,
  secret,
  text,
  whole,
  yesNo,
} from './settings-kinds.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** One setting: where it is given, what it may hold, what it means. */
export interface Setting<T> {
  readonly env: string
  /** `null`: cannot be given as a flag, where every user of the machine could read it. */
  readonly flag: string | null
  readonly kind: Kind<T>
  /** As one would write it; `null` where the setting may be absent. */
  readonly default: string | null
  /** For readers, where the default is not one value. */
  readonly defaultShown?: string
  /** One sentence without a full stop. */
  readonly doc: string
}

/** May be absent; then its value is `null`. */
export interface OptionalSetting<T> extends Setting<T> {
  readonly default: null
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

function required<T>(env: string, kind: Kind<T>, fallback: string, doc: string) {
  return { env, flag: flagOf(env), kind, default: fallback, doc } satisfies Setting<T>
}

function optional<T>(env: string, kind: Kind<T>, defaultShown: string, doc: string): OptionalSetting<T> {
  return { env, flag: flagOf(env), kind, default: null, defaultShown, doc }
}

/** Given by the environment or a file only. */
function hidden(env: string, kind: Kind<Secret>, defaultShown: string, doc: string): OptionalSetting<Secret> {
  return { env, flag: null, kind, default: null, defaultShown, doc }
}

const flagOf = (env: string) =>
  `--${env
    .replace(/^GATEHOUSE_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`

const isMasterKey = (clear: string) =>
  /^[0-9A-Za-z+/_-]{43}=?$/.test(clear) && Buffer.from(clear, 'base64').length === 32

/** Every setting under its name in `gatehouse.yaml` and in `createGatehouse({ … })`, in the order of help and reference. */
export const settingTable = {
  databaseUrl: optional('DATABASE_URL', databaseUrl, 'sqlite:.gatehouse/gatehouse.db', 'Where the truth lives'),
  redisUrl: optional('REDIS_URL', redisUrl, 'in-process', 'The shared tier that makes several nodes fast'),
  redisPrefix: required(
    'GATEHOUSE_REDIS_PREFIX',
    text('1 to 64 of A-Z a-z 0-9 : _ . -', /^[A-Za-z0-9:_.-]{1,64}$/),
    'gh',
    'Begins the name of every key and channel in Redis',
  ),
  host: required('HOST', host, '127.0.0.1', 'Where it listens'),
  port: required('PORT', whole(0, 65_535, 'PORT'), '8700', 'The port that it listens on; 0 takes any that is free'),
  adminListen: optional(
    'GATEHOUSE_ADMIN_LISTEN',
    listener,
    'same listener',
    'A separate listener for /api, /metrics and the pages',
  ),
  tlsCert: optional('GATEHOUSE_TLS_CERT', certificate, 'off', 'The certificate of the server, with its chain'),
  tlsKey: optional('GATEHOUSE_TLS_KEY', privateKey, 'off', 'The private key of the certificate'),
  masterKey: hidden(
    'GATEHOUSE_MASTER_KEY',
    secret('32 bytes in base64, as openssl rand -base64 32 makes them', isMasterKey),
    'SQLite: made once, in .gatehouse; PostgreSQL: must be given',
    'Wraps what is secret at rest; a node whose key does not fit the database refuses to start',
  ),
  verifier: hidden(
    'GATEHOUSE_VERIFIER',
    secret('the line that gatehouse admin verifier printed', (clear) => clear.startsWith('ghv1.')),
    'the master key is used',
    'In an app that embeds the library: recognises keys in place of the master key, and can make none',
  ),
  adminKey: hidden(
    'GATEHOUSE_ADMIN_KEY',
    secret('16 to 512 visible characters', (clear) => /^[!-~]{16,512}$/.test(clear)),
    'made, and printed once',
    'The first admin key, used only while none has ever existed; the other commands send it',
  ),
  posture: required('GATEHOUSE_POSTURE', choice(postures), 'balanced', 'What the check answers while a part is away'),
  lease: required(
    'GATEHOUSE_LEASE',
    duration(100, minute),
    '1s',
    'How long a node believes what it read of the change log: the bound of every revocation while all is well',
  ),
  grace: {
    ...optional(
      'GATEHOUSE_GRACE',
      duration(0, day),
      'by posture: strict 0ms, balanced 2m, available 10m',
      'How long a node that lost the change log goes on serving the keys that it knows',
    ),
  },
  beat: required(
    'GATEHOUSE_BEAT',
    duration(20, 20 * second),
    '250ms',
    'How often a node reads the head of the change log',
  ),
  checkBudget: required(
    'GATEHOUSE_CHECK_BUDGET',
    duration(10, minute),
    '1s',
    'The longest time that one check may take',
  ),
  dbPool: required('GATEHOUSE_DB_POOL', whole(2, 1000), '10', 'Connections to PostgreSQL'),
  drain: required('GATEHOUSE_DRAIN', duration(0, hour), '30s', 'Time for open requests to finish at shutdown'),
  trustedProxies: required(
    'GATEHOUSE_TRUSTED_PROXIES',
    proxies,
    'loopback',
    'Peers whose X-Forwarded-* and X-Original-* headers are believed',
  ),
  credentialHeaders: required(
    'GATEHOUSE_CREDENTIAL_HEADERS',
    headers,
    'none',
    'Headers in which a key may stand, beside Authorization: Bearer',
  ),
  logLevel: required('LOG_LEVEL', choice(logLevels), 'info', 'The least that is logged'),
  positive: required(
    'GATEHOUSE_POSITIVE',
    duration(second, day),
    '10m',
    'How long a key stays cached after it was read from SQL',
  ),
  absent: required(
    'GATEHOUSE_ABSENT',
    duration(second, hour),
    '60s',
    'How long it stays cached that there is no such key',
  ),
  fillLease: required(
    'GATEHOUSE_FILL_LEASE',
    duration(100, minute),
    '2s',
    'How long one node may take to read a key for all, before another tries',
  ),
  entryLimit: required(
    'GATEHOUSE_ENTRY_LIMIT',
    whole(100, 100_000_000),
    '1000000',
    'The most keys cached in a process',
  ),
  absentLimit: required(
    'GATEHOUSE_ABSENT_LIMIT',
    whole(100, 100_000_000),
    '100000',
    'The most absences cached in a process',
  ),
  preload: required(
    'GATEHOUSE_PRELOAD',
    whole(0, 10_000_000),
    '10000',
    'How many of the most recently used keys a node reads before it is ready',
  ),
  usageFlush: required(
    'GATEHOUSE_USAGE_FLUSH',
    duration(100, hour),
    '30s',
    'How often the last use of keys is written to SQL',
  ),
  openMetrics: required(
    'GATEHOUSE_OPEN_METRICS',
    yesNo,
    'false',
    '/metrics answers loopback peers without a credential',
  ),
  dataDir: required(
    'GATEHOUSE_DATA_DIR',
    text('a path', /^[^\0]{1,4096}$/, 'DIR'),
    '.gatehouse',
    'Where a node on SQLite keeps its database and master key',
  ),
  demo: required('GATEHOUSE_DEMO', yesNo, 'false', 'Makes a demo tenant, app and key at start'),
  workers: required('GATEHOUSE_WORKERS', whole(1, 1024), '1', 'Processes of this node; only 1 for now'),
} as const

export type SettingName = keyof typeof settingTable

type ValueOf<S> = S extends OptionalSetting<infer T> ? T | null : S extends Setting<infer T> ? T : never

/** What is given after reading, each setting by itself. */
export type SettingValues = { readonly [N in SettingName]: ValueOf<(typeof settingTable)[N]> }

export const settingNames = Object.keys(settingTable) as readonly SettingName[]

/** The table with its kinds' types forgotten, for what treats all settings alike. */
export const settingOf = (name: SettingName): Setting<unknown> => settingTable[name] as unknown as Setting<unknown>
