import type { Posture } from './gateway/degradation.ts'
import type { Secret } from './kernel/secret.ts'
import type { LogLevel } from './settings-table.ts'

/** All that Gatehouse can be told, read and judged once at start. Durations are milliseconds; frozen. */
export interface Settings {
  /** `postgres://…` or `sqlite:PATH`; may hold a password. */
  readonly databaseUrl: string
  /** `null`: the shared tier is in process. May hold a password. */
  readonly redisUrl: string | null
  readonly redisPrefix: string
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly adminListen: { readonly host: string; readonly port: number } | null
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: Secret } | null
  /** `null` only on SQLite, where one is made in `dataDir` at the first start. */
  readonly masterKey: Secret | null
  /** For the embedded library: stands in for the master key, which servers need in any case. */
  readonly verifier: Secret | null
  /** The first admin key, used while none has ever existed; `null`: one is made. */
  readonly adminKey: Secret | null
  readonly posture: Posture
  /** D: how long a node believes what it read of the change log. */
  readonly leaseMs: number
  /** G: how long a lapsed node may go on serving what it knows. */
  readonly graceMs: number
  /** h: how often a node reads the head of the change log. */
  readonly beatMs: number
  readonly checkBudgetMs: number
  readonly dbPool: number
  readonly drainMs: number
  /** CIDRs. */
  readonly trustedProxies: readonly string[]
  /** Lower-case names. */
  readonly credentialHeaders: readonly string[]
  readonly logLevel: LogLevel
  readonly positiveMs: number
  readonly absentMs: number
  readonly fillLeaseMs: number
  readonly entryLimit: number
  readonly absentLimit: number
  /** How many of the most recently used keys a node reads before it is ready. */
  readonly preload: number
  readonly usageFlushMs: number
  readonly openMetricsToLoopback: boolean
  /** Where a node on SQLite keeps its database and master key. */
  readonly dataDir: string
  /** Make a demo tenant, app and key at start. */
  readonly demo: boolean
  readonly workers: 1
}
