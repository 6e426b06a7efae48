import { execFile } from 'node:child_process'
import { chownSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { findBinary } from './find-binary.ts'
import { freePort } from './free-port.ts'
import { scratchDirectory } from './scratch.ts'
import { ServerProcess, type ServerSpec, startOnFreePort } from './server-process.ts'

const run = promisify(execFile)
const superuser = 'gatehouse'

export interface PostgresOptions {
  /** Server settings, e.g. `{ max_connections: '20' }`. */
  readonly config?: Readonly<Record<string, string>>
}

const defaults = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  max_connections: '200',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
} as const

/** A real PostgreSQL. Databases are cheap (about 50 ms): a test takes one of its own. */
export class PostgresServer extends ServerProcess {
  #databases = 0

  constructor(spec: Omit<ServerSpec, 'isReady'>) {
    super({ ...spec, isReady: () => this.query('SELECT 1').then(Boolean, () => false) })
  }

  /** The address of the maintenance database. */
  get url(): string {
    return this.urlOf('postgres')
  }

  urlOf(database: string): string {
    return `postgres://${superuser}@${this.host}:${this.port}/${database}`
  }

  /** Creates an empty database and returns its address. */
  async createDatabase(name = `test_${process.pid}_${this.#databases++}`): Promise<string> {
    await this.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE template0`)
    return this.urlOf(name)
  }

  /** Runs one statement on a connection of its own. */
  async query(sql: string, url = this.url): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
    client.on('error', () => undefined) // The server may be killed while this connection closes.
    try {
      await client.connect()
      return (await client.query(sql)).rows
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

/** Starts a PostgreSQL on a free loopback port, with fsync on. The cluster is a copy of one made once per run. */
export function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return startOnFreePort(async () => {
    const dir = join(scratchDirectory('postgres'), 'data')
    await run('cp', ['-Rp', await template(), dir])
    const config = { ...defaults, port: String(await freePort()), ...options.config }
    return new PostgresServer({
      name: 'PostgreSQL',
      command: await findBinary('postgres'),
      args: ['-D', dir, ...Object.entries(config).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      port: Number(config.port),
      dir,
      stopSignal: 'SIGINT', // "fast": ends sessions instead of waiting for them
      user: serverUser(),
    })
  })
}

/** Where a run keeps what its test processes share; set by the global set-up. */
export const sharedDirectoryVariable = 'GATEHOUSE_TEST_SHARED'

/**
 * An initialised cluster, made once per run. Two processes that come at once both make one and the first to finish is
 * kept: nobody waits for a lock whose holder died.
 */
async function template(): Promise<string> {
  const kept = join(sharedDirectory(), 'postgres-template')
  if (existsSync(kept)) return kept
  const made = join(scratchDirectory('initdb'), 'data')
  const user = serverUser()
  if (user) chownSync(dirname(made), user.uid, user.gid)
  const options = ['-U', superuser, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await run(await findBinary('initdb'), ['-D', made, ...options], { cwd: dirname(made), ...user })
  try {
    renameSync(made, kept)
  } catch (error) {
    if (!existsSync(kept)) throw error
    rmSync(made, { recursive: true })
  }
  return kept
}

let ownShared: string | undefined

function sharedDirectory(): string {
  ownShared ??= process.env[sharedDirectoryVariable] ?? scratchDirectory('shared')
  return ownShared
}

/** PostgreSQL refuses to run as root; then it runs as its package's user, else as nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  if (!account) throw new Error('PostgreSQL does not run as root, and there is neither a postgres nor a nobody user')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}
