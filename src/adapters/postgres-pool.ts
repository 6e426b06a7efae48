import pg from 'pg'
import { Fault } from '../kernel/fault.ts'
import { openFault, postgresFault, survives } from './postgres-fault.ts'
import { checkTexts } from './sql-text.ts'

/** Times in ms. The server ends what takes longer; the client gives up a little later, for servers that are frozen. */
const timeouts = {
  connect: 1_000,
  statement: 5_000,
  /** A node that is stopped inside a transaction would hold the head of the log, and with it every change. */
  idleInTransaction: 5_000,
  extra: 1_000,
} as const

export interface Statement {
  /** Given: parsed once for each connection, and kept there by this name. */
  readonly name?: string | undefined
  readonly text: string
  readonly values: readonly unknown[]
  readonly timeoutMs?: number | undefined
}

export interface Answer {
  readonly rows: readonly unknown[]
  readonly command: string
  readonly count: number | null
}

/** A connection that is held for a while. */
export interface Session {
  run(statement: Statement): Promise<Answer>
  /** What the first failed statement since `begin` threw. */
  failure: unknown
  release(): void
}

export interface PostgresPool {
  /** `onRelease` is called once, when the connection is given back. */
  session(onRelease?: () => void): Promise<Session>
  /** One statement on whichever connection is free. When `signal` fires, the caller goes and the statement ends alone. */
  run(statement: Statement, signal?: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

export interface PostgresPoolOptions {
  readonly url: string
  readonly size: number
  /** Poolers refuse settings at the start of a connection: the server's own limits then hold, and those of the client. */
  readonly transactionPooler: boolean
  /** For migrations: no statement has a time limit. */
  readonly unlimited?: boolean
}

/** Reads no URL by itself: throws `Fault('setting.invalid')` for what the driver cannot read. */
export function clientConfig(url: string): pg.ClientConfig {
  try {
    new URL(url)
    return {
      connectionString: url,
      connectionTimeoutMillis: timeouts.connect,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'gatehouse',
      types: { getTypeParser },
    }
  } catch {
    // Without the cause: it repeats the address, password included.
    throw new Fault('setting.invalid', {
      detail: 'DATABASE_URL cannot be read; write postgres://user:password@host/name',
    })
  }
}

/** Eight-byte integers come as text, since they may be too large; ours are milliseconds and sequences below 2^53. */
const getTypeParser = ((oid: number, format: 'text') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser

export function openPool(options: PostgresPoolOptions): PostgresPool {
  const { url, size } = options
  const pool = new pg.Pool({ ...clientConfig(url), ...limits(options), max: size, onConnect: greet })
  // An idle connection that breaks leaves the pool by itself; without a listener it would end the process.
  pool.on('error', ignore)
  let reached = false
  const session = async (onRelease?: () => void) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw reached ? postgresFault(error) : openFault(error, placeOf(url))
    })
    reached = true
    return hold(client, onRelease)
  }
  return poolOf(session, () => pool.end())
}

/** All of a pool that follows from how it gives out connections. */
export function poolOf(session: PostgresPool['session'], close: () => Promise<void>): PostgresPool {
  const run = async (statement: Statement, signal?: AbortSignal) => {
    const held = await session()
    try {
      signal?.throwIfAborted()
      return await held.run(statement)
    } finally {
      held.release()
    }
  }
  return {
    session,
    run: (statement, signal) => (signal ? abandonable(run(statement, signal), signal) : run(statement)),
    close,
  }
}

function limits({ unlimited = false, transactionPooler }: PostgresPoolOptions): pg.ClientConfig {
  const idle = { idle_in_transaction_session_timeout: timeouts.idleInTransaction }
  const client = { query_timeout: timeouts.statement + timeouts.extra }
  if (unlimited) return transactionPooler ? {} : idle
  return transactionPooler ? client : { ...idle, ...client, statement_timeout: timeouts.statement }
}

/** Truth is read from the primary, and a commit that is acknowledged is on its disk, whatever the role's settings say. */
async function greet(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(`select pg_is_in_recovery() as standby,
    case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', false) end`)
  if (rows[0]?.standby !== true) return
  throw new Fault('store.unavailable', { detail: 'DATABASE_URL leads to a standby; name the primary' })
}

function hold(client: pg.PoolClient, onRelease = ignore): Session {
  let broken = false
  const onError = () => {
    broken = true
  }
  client.on('error', onError)
  return {
    failure: undefined,
    async run({ name, text, values, timeoutMs }) {
      try {
        checkTexts(values)
        const limit = timeoutMs === undefined ? {} : { query_timeout: timeoutMs }
        const query = { text, values: [...values], ...(name === undefined ? {} : { name }), ...limit }
        const { rows, command, rowCount } = await client.query(query)
        return { rows, command, count: rowCount }
      } catch (error) {
        if (!(error instanceof Fault || survives(error))) broken = true
        const fault = postgresFault(error)
        this.failure ??= fault
        throw fault
      }
    },
    release() {
      client.removeListener('error', onError)
      client.release(broken)
      onRelease()
    },
  }
}

/** The statement is left to end within its own limit: ending its connection would only pile up others on the server. */
function abandonable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** Where a URL leads, without user and password. */
function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'the local socket'}${port && `:${port}`}${pathname}`
}

function ignore(): void {}
