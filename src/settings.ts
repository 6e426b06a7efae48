import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { graceMs } from './gateway/degradation.ts'
import type { Secret } from './kernel/secret.ts'
import { refuseContradictions } from './settings-contradictions.ts'
import { readSettings, type SettingReading, type SettingSource } from './settings-reading.ts'
import type { Settings } from './settings-shape.ts'
import { environmentSource, fileSource, flagSource, objectSource } from './settings-sources.ts'
import { type SettingName, type SettingValues, settingNames, settingOf } from './settings-table.ts'

export type { Settings } from './settings-shape.ts'

/** What the command line hands in. */
export interface LoadOptions {
  /** By setting name; `undefined` where the flag was not given. */
  readonly flags?: Readonly<Partial<Record<SettingName, unknown>>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where `gatehouse.yaml` is looked for. Default: the working directory. */
  readonly cwd?: string
  /** A configuration file to read in place of `gatehouse.yaml`; it must exist. */
  readonly configFile?: string | undefined
  readonly readFile?: (path: string) => string
}

/** One line of a configuration that is printed: never a secret. */
export interface ShownSetting {
  readonly name: SettingName
  readonly value: unknown
  /** `default`, or where it was given. */
  readonly from: string
}

export interface Configuration {
  readonly settings: Settings
  readonly shown: readonly ShownSetting[]
}

/** Flag, then environment, then file, then default. Throws `Fault('setting.invalid')` for the first thing that is wrong. */
export function loadConfiguration(options: LoadOptions = {}): Configuration {
  const { sources, readFile } = surroundings(options)
  return configure(sources, readFile)
}

function surroundings(options: LoadOptions): { sources: readonly SettingSource[]; readFile: (path: string) => string } {
  const cwd = options.cwd ?? process.cwd()
  const read = options.readFile ?? ((path) => readFileSync(path, 'utf8'))
  const readFile = (path: string) => read(resolve(cwd, path))
  const env = options.env ?? process.env
  const file = fileSource(options.configFile, env, readFile)
  return { sources: [flagSource(options.flags ?? {}), environmentSource(env, readFile), file], readFile }
}

export function loadSettings(options: LoadOptions = {}): Settings {
  return loadConfiguration(options).settings
}

/** What a program may give: each member as in `gatehouse.yaml`, durations also as numbers of milliseconds. */
export type SettingsInput = { readonly [N in SettingName]?: Loose<NonNullable<SettingValues[N]>> | null | undefined }
type Loose<T> = T extends readonly string[]
  ? T | string
  : T extends number
    ? number | string
    : T extends boolean
      ? boolean
      : T extends Secret
        ? Secret | string
        : string

/** For `createGatehouse({ … })`: what a program gives comes before the environment and `gatehouse.yaml`. */
export function settingsFrom(given: SettingsInput): Settings {
  const { sources, readFile } = surroundings({})
  return configure([objectSource(given), ...sources], readFile).settings
}

/** Where the admin API of a server answers that is started with the same settings on this machine. */
export function adminAddress(options: LoadOptions): string {
  const { sources, readFile } = surroundings(options)
  const { values } = readSettings(sources, readFile)
  const { host, port } = values.adminListen ?? values
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${values.tlsCert ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function configure(sources: readonly SettingSource[], readFile: (path: string) => string): Configuration {
  const reading = readSettings(sources, readFile)
  const settings = assemble(reading.values)
  refuseContradictions(settings, reading)
  return { settings, shown: settingNames.map((name) => shown(name, reading, settings)) }
}

function assemble(values: SettingValues): Settings {
  return Object.freeze({
    databaseUrl: values.databaseUrl ?? `sqlite:${values.dataDir}/gatehouse.db`,
    redisUrl: values.redisUrl,
    redisPrefix: values.redisPrefix,
    host: values.host,
    port: values.port,
    adminListen: values.adminListen,
    tls: values.tlsCert && values.tlsKey ? { cert: values.tlsCert, key: values.tlsKey } : null,
    masterKey: values.masterKey,
    verifier: values.verifier,
    adminKey: values.adminKey,
    posture: values.posture,
    leaseMs: values.lease,
    graceMs: values.grace ?? graceMs[values.posture],
    beatMs: values.beat,
    checkBudgetMs: values.checkBudget,
    dbPool: values.dbPool,
    drainMs: values.drain,
    trustedProxies: Object.freeze(values.trustedProxies),
    credentialHeaders: Object.freeze(values.credentialHeaders),
    logLevel: values.logLevel,
    positiveMs: values.positive,
    absentMs: values.absent,
    fillLeaseMs: values.fillLease,
    entryLimit: values.entryLimit,
    absentLimit: values.absentLimit,
    preload: values.preload,
    usageFlushMs: values.usageFlush,
    openMetricsToLoopback: values.openMetrics,
    dataDir: values.dataDir,
    demo: values.demo,
    workers: 1,
  })
}

/** Two defaults hang on other settings; they are shown as they came out. */
function shown(name: SettingName, { values, where }: SettingReading, settings: Settings): ShownSetting {
  const resolved: Partial<Record<SettingName, unknown>> = {
    databaseUrl: settings.databaseUrl,
    grace: settings.graceMs,
  }
  const value: unknown = values[name] ?? resolved[name]
  const setting = settingOf(name)
  return {
    name,
    value: value === null || value === undefined ? (setting.defaultShown ?? null) : setting.kind.show(value),
    from: where.get(name) ?? 'default',
  }
}
