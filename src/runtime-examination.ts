import { constants } from 'node:fs'
import { access, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase, type SqlDatabase, sqlitePath } from './adapters/sql-database.ts'
import type { StoreFacts } from './adapters/store-facts.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { Fault, faults } from './kernel/fault.ts'
import { Secret } from './kernel/secret.ts'
import type { Settings } from './settings.ts'
import { createVault } from './tokens/vault.ts'

/** One thing that was looked at. `mend`: the server would not start, or not keep its promises. */
export interface Finding {
  readonly what: string
  readonly state: 'ok' | 'note' | 'mend'
  readonly says: string
  readonly fix?: string
}

/** Looks at everything that a server with these settings would lean on, and changes nothing. */
export async function examine(settings: Settings, clock: Clock = systemClock): Promise<readonly Finding[]> {
  const onSqlite = settings.databaseUrl.startsWith('sqlite:')
  return [
    nodeVersion(),
    ...(onSqlite ? await examineFolder(settings) : []),
    ...(await examineSql(settings, onSqlite, clock)),
    ...(await examineRedis(settings, clock)),
    ...exposure(settings),
  ]
}

const oldestNode = [22, 19] as const

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  const says = `Node ${process.versions.node}`
  return isOld
    ? { what: 'node', state: 'mend', says, fix: `Install Node ${oldestNode.join('.')} or newer` }
    : { what: 'node', state: 'ok', says }
}

const leastFreeBytes = 100 * 1024 * 1024

async function examineFolder(settings: Settings): Promise<readonly Finding[]> {
  const { dataDir } = settings
  const what = 'data folder'
  const info = await stat(dataDir).catch(() => undefined)
  if (!info) return [{ what, state: 'note', says: `${dataDir} does not exist yet; the first start makes it` }]
  const findings: Finding[] = [await folderFinding(dataDir, info.mode)]
  const disk = await statfs(dataDir)
  const freeBytes = disk.bavail * disk.bsize
  const says = `${Math.floor(freeBytes / 1024 / 1024)} MiB free`
  findings.push(
    freeBytes < leastFreeBytes
      ? { what: 'disk', state: 'mend', says, fix: 'Make room: a full disk stops every change' }
      : { what: 'disk', state: 'ok', says },
  )
  return findings
}

async function folderFinding(dataDir: string, mode: number): Promise<Finding> {
  const what = 'data folder'
  const writable = await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!writable) {
    return { what, state: 'mend', says: `${dataDir} cannot be written`, fix: 'Give it to the user that runs Gatehouse' }
  }
  const key = await stat(join(dataDir, 'master-key')).catch(() => undefined)
  if (key && (key.mode & 0o077) !== 0) {
    const path = join(dataDir, 'master-key')
    return { what, state: 'mend', says: `${path} can be read by others`, fix: `Run: chmod 600 ${path}` }
  }
  if ((mode & 0o022) !== 0) {
    return { what, state: 'mend', says: `${dataDir} can be written by others`, fix: `Run: chmod 700 ${dataDir}` }
  }
  if ((mode & 0o055) !== 0) {
    return { what, state: 'note', says: `${dataDir} can be read by others; to end that, run: chmod 700 ${dataDir}` }
  }
  return { what, state: 'ok', says: dataDir }
}

async function examineSql(settings: Settings, onSqlite: boolean, clock: Clock): Promise<readonly Finding[]> {
  const path = onSqlite ? sqlitePath(settings.databaseUrl) : undefined
  if (path !== undefined && !(await stat(path).catch(() => undefined))) {
    return [{ what: 'database', state: 'note', says: 'there is none yet; the first start makes it' }]
  }
  let db: SqlDatabase
  try {
    db = await openDatabase({ url: settings.databaseUrl, poolSize: 1, clock })
  } catch (error) {
    return [mend('database', error, 'Start it, or mend DATABASE_URL')]
  }
  try {
    const schema = await schemaFinding(db)
    const masterKey = schema.state === 'mend' ? [] : [await masterKeyFinding(settings, db)]
    return [...(await databaseFacts(settings, onSqlite, clock)), schema, ...masterKey]
  } catch (error) {
    return [mend('database', error, 'See that the role may read and write its tables')]
  } finally {
    await db.close()
  }
}

async function databaseFacts(settings: Settings, onSqlite: boolean, clock: Clock): Promise<readonly Finding[]> {
  if (onSqlite) return [{ what: 'database', state: 'ok', says: `SQLite ${process.versions.sqlite ?? ''}`.trim() }]
  const { postgresFacts } = await import('./adapters/postgres-facts.ts')
  const before = clock.wall()
  const facts = await postgresFacts(settings.databaseUrl)
  const says = `PostgreSQL ${facts.version}`
  return [{ what: 'database', state: 'ok', says }, clockFinding('clock of the database', facts, before, clock.wall())]
}

async function schemaFinding(db: SqlDatabase): Promise<Finding> {
  const what = 'schema'
  const schema = await db.schemaState()
  switch (schema.kind) {
    case 'ready':
      return { what, state: 'ok', says: `version ${schema.version}` }
    case 'empty':
      return { what, state: 'note', says: 'no tables yet; the first start, or `gatehouse migrate`, makes them' }
    case 'behind':
      return {
        what,
        state: 'note',
        says: `version ${schema.version}; the next start, or \`gatehouse migrate\`, does ${schema.pending.join(', ')}`,
      }
    case 'incompatible':
      return {
        what,
        state: 'mend',
        says: `version ${schema.version}, which programs as old as this one may not use`,
        fix: 'Install a newer Gatehouse',
      }
    case 'foreign':
      return {
        what,
        state: 'mend',
        says: `the tables ${schema.tables.join(', ')} are not of Gatehouse`,
        fix: 'Name an empty database in DATABASE_URL',
      }
  }
}

/** Only where secrets are stored: asking an empty database would store a check value. */
async function masterKeyFinding(settings: Settings, db: SqlDatabase): Promise<Finding> {
  const what = 'master key'
  const { kind } = await db.schemaState()
  if (kind === 'empty' || (await db.vault.peppers()).length === 0) {
    return { what, state: 'note', says: 'nothing is stored under it yet' }
  }
  const path = join(settings.dataDir, 'master-key')
  const key =
    settings.masterKey ??
    (await readFile(path, 'utf8').then(
      (text) => new Secret(text.trim()),
      () => undefined,
    ))
  if (!key) {
    const fix = 'Bring the file back, or set GATEHOUSE_MASTER_KEY to what it held'
    return { what, state: 'mend', says: `${path} cannot be read, and GATEHOUSE_MASTER_KEY is not set`, fix }
  }
  try {
    const { checkValue } = createVault(key)
    if ((await db.vault.masterKeyCheck(checkValue)) === checkValue)
      return { what, state: 'ok', says: 'fits the database' }
  } catch (error) {
    return mend(what, error, 'Set it to the value that this database was first started with')
  }
  const fix = 'Set it to the value that this database was first started with'
  return { what, state: 'mend', says: 'it is not the one under which the secrets of this database were wrapped', fix }
}

const redisWaitMs = 3000

async function examineRedis(settings: Settings, clock: Clock): Promise<readonly Finding[]> {
  const what = 'redis'
  if (settings.redisUrl === null) return [{ what, state: 'ok', says: 'none: the shared tier is in process' }]
  const { connectRedis } = await import('./adapters/redis-connection.ts')
  const { redisFacts } = await import('./adapters/redis-facts.ts')
  const connection = await connectRedis({ url: settings.redisUrl, prefix: settings.redisPrefix, clock })
  try {
    await connection.ready(redisWaitMs)
    const before = clock.wall()
    const masters = await redisFacts(connection)
    const after = clock.wall()
    const versions = [...new Set(masters.map(({ version }) => version))].join(', ')
    const says = masters.length > 1 ? `${versions}, ${masters.length} masters` : versions
    const clocks = masters.map((facts) => clockFinding('clock of redis', facts, before, after))
    const worst = clocks.find(({ state }) => state !== 'ok') ?? clocks[0]
    return [{ what, state: 'ok', says }, ...(worst ? [worst] : [])]
  } catch (error) {
    return [mend(what, error, 'Start it, or mend REDIS_URL')]
  } finally {
    await connection.close()
  }
}

/** Far beyond what clocks that are kept by NTP ever differ. */
const clockLimitMs = 1000

/** How far the two clocks are surely apart: the answer was made at some time between question and receipt. */
function clockFinding(what: string, { wallMs }: StoreFacts, beforeMs: number, afterMs: number): Finding {
  const offsetMs = wallMs < beforeMs ? wallMs - beforeMs : wallMs > afterMs ? wallMs - afterMs : 0
  if (Math.abs(offsetMs) <= clockLimitMs) {
    return {
      what,
      state: 'ok',
      says: Math.abs(offsetMs) < 2 ? 'agrees with this machine' : `differs by ${offsetMs} ms`,
    }
  }
  const fix = 'Set the clocks of both machines by NTP: keys would expire too early or too late'
  return { what, state: 'mend', says: `differs by ${offsetMs} ms from this machine`, fix }
}

function exposure({ host, tls, trustedProxies }: Settings): readonly Finding[] {
  const isLocal = /^(127\.|::1$|localhost$)/.test(host)
  if (isLocal || tls) return []
  const says = `${host} is open to other machines without TLS`
  const fix = 'Set GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY, unless a proxy in front of it does TLS'
  const everybody = trustedProxies.some((cidr) => /\/0$/.test(cidr))
  const trust = {
    what: 'trusted proxies',
    state: 'mend',
    says: 'every machine may say for whom it speaks',
    fix: 'Name only the proxies in GATEHOUSE_TRUSTED_PROXIES',
  } as const
  return [{ what: 'listener', state: 'note', says, fix }, ...(everybody ? [trust] : [])]
}

function mend(what: string, error: unknown, fix: string): Finding {
  if (!(error instanceof Fault)) return { what, state: 'mend', says: String(error), fix }
  const says = error.public ?? error.detail ?? faults[error.code].title
  return { what, state: 'mend', says, fix: error.fix ?? fix }
}
