import { connect } from 'node:net'
import { findBinary } from './find-binary.ts'
import { freePort } from './free-port.ts'
import { scratchDirectory } from './scratch.ts'
import { ServerProcess, startOnFreePort } from './server-process.ts'
import { until } from './until.ts'

export interface RedisOptions {
  /** Lines of redis.conf by name, e.g. `{ appendonly: 'yes' }`. By default nothing is kept on disk. */
  readonly config?: Readonly<Record<string, string>>
}

const defaults = {
  bind: '127.0.0.1',
  save: '',
  appendonly: 'no',
  'repl-diskless-sync-delay': '0',
  'repl-ping-replica-period': '1',
} as const

/** A real Redis. Beside starting and stopping it can be asked things without a client of the code under test. */
export class RedisServer extends ServerProcess {
  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** Sends one command on a connection of its own and returns the reply as Redis wrote it (RESP2). */
  command(...parts: string[]): Promise<string> {
    return askRedis(this.port, parts)
  }

  /** Makes this replica a master. */
  async promote(): Promise<void> {
    await this.command('REPLICAOF', 'NO', 'ONE')
  }
}

/** Starts a Redis on a free loopback port, in memory only. */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return startOnFreePort(async () => createRedis(await findBinary('redis-server'), await freePort(), options))
}

/** Starts a replica of `of` (or of a proxy in front of it) and waits until the first copy is complete. */
export async function startReplica(of: { readonly port: number }, options: RedisOptions = {}): Promise<RedisServer> {
  const replica = await startRedis({ config: { ...options.config, replicaof: `127.0.0.1 ${of.port}` } })
  await until('the replica has its first copy', async () =>
    (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  )
  return replica
}

export function createRedis(command: string, port: number, options: RedisOptions): RedisServer {
  const config = Object.entries({ ...defaults, ...options.config })
  const dir = scratchDirectory('redis')
  return new RedisServer({
    name: 'Redis',
    command,
    args: ['--port', String(port), '--dir', dir, ...config.flatMap(([name, value]) => [`--${name}`, ...words(value)])],
    port,
    dir,
    isReady: async () => (await askRedis(port, ['PING']).catch(() => '')).startsWith('+PONG'),
  })
}

/** redis-server takes each word of a value as an argument of its own, and an empty value as an empty one. */
function words(value: string): readonly string[] {
  return value === '' ? [''] : value.split(' ')
}

/** One command over a bare socket. Rejects when Redis answers with an error or not within a second. */
function askRedis(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setEncoding('utf8').setTimeout(1000, () => socket.destroy(new Error(`Redis on port ${port} is silent`)))
    socket.on('data', (text: string) => {
      reply += text
      if (!isWhole(reply)) return
      socket.destroy()
      if (reply.startsWith('-')) reject(new Error(`${parts.join(' ').slice(0, 80)}: ${reply.slice(1).trim()}`))
      else resolve(reply)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`Redis on port ${port} closed the connection`)))
    socket.write(`*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`)
  })
}

/** Whether a simple or bulk reply has arrived completely. Arrays are not asked for here. */
function isWhole(reply: string): boolean {
  const head = reply.indexOf('\r\n')
  if (head < 0) return false
  if (!reply.startsWith('$')) return true
  const length = Number(reply.slice(1, head))
  return length < 0 || Buffer.byteLength(reply) >= head + 2 + length + 2
}
