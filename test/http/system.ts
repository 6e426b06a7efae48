import { join } from 'node:path'
import pino from 'pino'
import { Registry } from 'prom-client'
import { Agent, request } from 'undici'
import { openDatabase } from '../../src/adapters/sql-database.ts'
import { type HttpLimits, usualLimits } from '../../src/http/limits.ts'
import type { HttpOptions } from '../../src/http/parts.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { createRuntime, type Runtime } from '../../src/runtime.ts'
import { loadSettings } from '../../src/settings.ts'
import { scratchDirectory } from '../servers/scratch.ts'

export interface Reply<T = Record<string, unknown>> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: T
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: unknown
  /** Instead of `body`. */
  readonly raw?: string | Buffer
}

/** A whole system on SQLite, listening on loopback, with an admin key. */
export interface System {
  readonly runtime: Runtime
  readonly server: HttpServer
  readonly url: string
  readonly adminUrl: string
  readonly adminKey: string
  /** What the node has logged, line by line. */
  readonly logged: readonly Record<string, unknown>[]
  /** Any request. */
  ask<T = Record<string, unknown>>(path: string, ask?: Ask): Promise<Reply<T>>
  /** A request to the admin API with the admin key, or with another. */
  admin<T = Record<string, unknown>>(method: string, path: string, body?: unknown, key?: string): Promise<Reply<T>>
  /** A check of `token`. */
  authz(token: string, query?: string, headers?: Record<string, string>): Promise<Reply>
  newTenant(name?: string): Promise<string>
  newKey(members?: Record<string, unknown>): Promise<{ readonly id: string; readonly key: string }>
  /** Registers a node that never confirms anything: whoever waits for all waits for it. */
  addSilentNode(): Promise<void>
  close(): Promise<void>
}

export interface SystemOptions {
  /** As in the environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly http?: Partial<HttpOptions>
  readonly limits?: Partial<HttpLimits>
}

export async function startSystem({ env = {}, http = {}, limits = {} }: SystemOptions = {}): Promise<System> {
  const dir = scratchDirectory('http')
  const own = { DATABASE_URL: `sqlite:${join(dir, 'gatehouse.db')}`, PORT: '0', LOG_LEVEL: 'silent' }
  const given = loadSettings({ env: { ...own, ...env }, cwd: dir })
  const runtime = await createRuntime(given)
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) })
  const { gate, authority, revoker, nodeState } = runtime
  const tls = given.tls && { cert: given.tls.cert, key: given.tls.key.reveal() }
  const options: HttpOptions = { ...given, tls, version: 'test', ...http }
  const parts = { clock: systemClock, gate, authority, revoker, nodeState, log, metrics: new Registry(), options }
  const server: HttpServer = await createHttpServer(parts, { ...usualLimits, ...limits })
  const { url, adminUrl } = await server.listen()
  const adminKey = runtime.bootstrap.adminKey?.reveal() ?? ''
  let tenants = 0
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })

  async function ask<T>(path: string, { method = 'GET', headers = {}, body, raw }: Ask = {}): Promise<Reply<T>> {
    const content = raw ?? (body === undefined ? null : JSON.stringify(body))
    const address = path.startsWith('http') ? path : url + path
    const typed =
      content === null || 'content-type' in headers ? headers : { 'content-type': 'application/json', ...headers }
    const answer = await request(address, { method, headers: typed, body: content, dispatcher })
    const text = await answer.body.text()
    return { status: answer.statusCode, headers: answer.headers, text, json: parsed(text) as T }
  }

  const system: System = {
    runtime,
    server,
    url,
    adminUrl,
    adminKey,
    logged,
    ask,
    admin: (method, path, body, key = adminKey) =>
      ask(`${adminUrl}/api/v1${path}`, { method, body, headers: { authorization: `Bearer ${key}` } }),
    authz: (token, query = '', headers = {}) =>
      ask(`/authz${query}`, { headers: { authorization: `Bearer ${token}`, ...headers } }),
    async newTenant(name = `tenant ${++tenants}`) {
      const { status, json, text } = await system.admin<{ id: string }>('POST', '/tenants', { name })
      if (status !== 201) throw new Error(`No tenant was made: ${status} ${text}`)
      return json.id
    },
    async newKey(members = {}) {
      const tenantId = 'tenantId' in members ? members.tenantId : await system.newTenant()
      const body = { kind: 'service', name: 'test', ...members, tenantId }
      const { status, json, text } = await system.admin<{ id: string; key: string }>('POST', '/keys', body)
      if (status !== 201) throw new Error(`No key was made: ${status} ${text}`)
      return json
    },
    async addSilentNode() {
      const db = await openDatabase({ url: given.databaseUrl, poolSize: 1, clock: systemClock })
      await db.nodes.register({ id: 'node_silent', name: 'silent', leaseMs: 60_000, graceMs: 0 }, 0)
      await db.close()
    },
    async close() {
      await dispatcher.close()
      await server.close()
      await runtime.close()
    },
  }
  return system
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
