import { createPrivateKey, X509Certificate } from 'node:crypto'
import { degradation } from './gateway/degradation.ts'
import { formatDuration } from './kernel/duration.ts'
import { Fault } from './kernel/fault.ts'
import type { SettingReading } from './settings-reading.ts'
import type { Settings } from './settings-shape.ts'
import { type SettingName, settingOf } from './settings-table.ts'

interface Contradiction {
  readonly holds: (settings: Settings, values: SettingReading['values']) => boolean
  readonly says: (settings: Settings, name: (setting: SettingName) => string) => string
  readonly fix: (settings: Settings, name: (setting: SettingName) => string) => string
}

/** Settings that are each allowed and cannot stand together. */
const contradictions: readonly Contradiction[] = [
  {
    holds: ({ leaseMs, beatMs }) => leaseMs < 2 * beatMs,
    says: ({ leaseMs, beatMs }, name) =>
      `${name('lease')} (${formatDuration(leaseMs)}) is less than twice ${name('beat')} (${formatDuration(beatMs)}), so one late beat would end it`,
    fix: ({ beatMs }, name) =>
      `Raise ${name('lease')} to ${formatDuration(2 * beatMs)} or more, or lower ${name('beat')}`,
  },
  {
    holds: ({ posture, graceMs }) => degradation['change-log-silent'][posture] === 'refuse' && graceMs > 0,
    says: ({ posture, graceMs }, name) =>
      `${name('posture')} is ${posture}, which serves nothing that it cannot confirm, but ${name('grace')} is ${formatDuration(graceMs)}`,
    fix: (_, name) => `Remove ${name('grace')}, or set ${name('posture')} to balanced`,
  },
  {
    holds: (_, { tlsCert, tlsKey }) => (tlsCert === null) !== (tlsKey === null),
    says: (_, name) => `Only one of ${name('tlsCert')} and ${name('tlsKey')} is set`,
    fix: () => 'Set both for TLS, or neither',
  },
  {
    holds: ({ tls }) => tls !== null && !belongTogether(tls.cert, tls.key.reveal()),
    says: (_, name) => `${name('tlsKey')} is not the private key of the certificate in ${name('tlsCert')}`,
    fix: () => 'Give the certificate and the key that were made together',
  },
  {
    holds: ({ databaseUrl, masterKey, verifier }) =>
      !databaseUrl.startsWith('sqlite:') && masterKey === null && verifier === null,
    says: (_, name) => `${name('masterKey')} is not set, which every node on PostgreSQL needs`,
    fix: (_, name) => `Set ${name('masterKey')} to the same value on every node; openssl rand -base64 32 makes one`,
  },
  {
    holds: ({ adminListen, host, port }) => adminListen?.port === port && port !== 0 && adminListen.host === host,
    says: (_, name) => `${name('adminListen')} is the address that ${name('host')} and ${name('port')} name`,
    fix: (_, name) => `Remove ${name('adminListen')}, or give it another port`,
  },
  {
    holds: ({ preload, entryLimit }) => preload > entryLimit,
    says: (_, name) => `${name('preload')} is more than ${name('entryLimit')}`,
    fix: (_, name) => `Lower ${name('preload')}, or raise ${name('entryLimit')}`,
  },
  {
    holds: (_, { workers }) => workers !== 1,
    says: (_, name) => `${name('workers')} is more than 1, and a node is one process`,
    fix: (_, name) => `Remove ${name('workers')}, and start several nodes on one PostgreSQL and one Redis instead`,
  },
]

/** Throws `Fault('setting.invalid')` for the first contradiction, naming each setting as it was given. */
export function refuseContradictions(settings: Settings, { values, where }: SettingReading): void {
  const name = (setting: SettingName) => where.get(setting) ?? settingOf(setting).env
  const found = contradictions.find(({ holds }) => holds(settings, values))
  if (found) throw new Fault('setting.invalid', { public: found.says(settings, name), fix: found.fix(settings, name) })
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
