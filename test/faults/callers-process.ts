/**
 * Many callers of /authz in a process of their own, over bare sockets that are opened before the first request: what is
 * measured is the nodes, and a test that moves proxies is not in the way of its own load.
 */
import { connect, type Socket } from 'node:net'
import type { CallersOrder, CallRecord } from './callers.ts'
import { machineMs } from './monotonic.ts'

/** One keep-alive connection, one request at a time. */
class Line {
  readonly #socket: Socket
  #buffer = ''
  #done: ((status: number) => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', () => {})
    socket.on('close', () => this.#finish(0))
  }

  get isBusy(): boolean {
    return this.#done !== undefined
  }

  get isIdle(): boolean {
    return !this.isBusy && !this.#socket.destroyed
  }

  /** The status; 0 where the connection broke. */
  ask(token: string, from = ''): Promise<number> {
    if (this.#socket.destroyed) return Promise.resolve(0)
    return new Promise((resolve) => {
      this.#done = resolve
      const head = `GET /authz HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: Bearer ${token}\r\n`
      this.#socket.write(from === '' ? `${head}\r\n` : `${head}X-Forwarded-For: ${from}\r\n\r\n`)
    })
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#buffer += text
    const head = this.#buffer.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#buffer)?.[1] ?? 0)
    if (this.#buffer.length < head + 4 + length) return
    const status = Number(this.#buffer.slice(9, 12))
    this.#buffer = ''
    this.#finish(status)
  }

  #finish(status: number): void {
    const done = this.#done
    this.#done = undefined
    done?.(status)
  }
}

const lines = new Map<number, Line[]>()
const streams = new Map<number, { stop: boolean; readonly ended: Promise<unknown>; readonly records: CallRecord[] }>()

/** So many lines that nobody uses now. */
async function openLines(port: number, count: number): Promise<Line[]> {
  const idle = (lines.get(port) ?? []).filter((line) => line.isIdle)
  while (idle.length < count) {
    const some = Math.min(100, count - idle.length)
    idle.push(...(await Promise.all(Array.from({ length: some }, () => openLine(port)))))
  }
  lines.set(port, [...(lines.get(port) ?? []).filter((line) => line.isBusy), ...idle])
  return idle.slice(0, count)
}

function openLine(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(new Line(socket)))
    socket.once('error', reject)
  })
}

async function call(line: Line, port: number, token: string, spread = false): Promise<CallRecord> {
  const startedMs = machineMs()
  const status = await line.ask(clear(token), spread ? newAddress() : '')
  return { port, status, startedMs, endedMs: machineMs() }
}

const characters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
let addresses = 0

/** What `anyToken` stands for, anew each time; any other token as it is. */
function clear(token: string): string {
  const [, prefix, count] = /^\*(.*)\*(\d+)$/.exec(token) ?? []
  if (prefix === undefined) return token
  let text = prefix
  for (let left = Number(count); left > 0; left--) text += characters.charAt(Math.floor(Math.random() * 62))
  return text
}

function newAddress(): string {
  addresses++
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`
}

async function fire({ ports, each, tokens }: CallersOrder & { do: 'fire' }): Promise<readonly CallRecord[]> {
  const opened = await Promise.all(ports.map(async (port) => ({ port, open: await openLines(port, each) })))
  const calls: Promise<CallRecord>[] = []
  // In turn over the nodes, so that all of them meet the key at once.
  for (let index = 0; index < each; index++) {
    for (const { port, open } of opened) {
      const line = open[index]
      if (line) calls.push(call(line, port, tokens[index % tokens.length] ?? ''))
    }
  }
  return await Promise.all(calls)
}

async function run({ stream, ports, each, tokens, pauseMs, spread }: CallersOrder & { do: 'start' }): Promise<void> {
  const own = { stop: false, records: [] as CallRecord[], ended: Promise.resolve() as Promise<unknown> }
  streams.set(stream, own)
  const work: Promise<void>[] = []
  for (const port of ports) {
    for (let index = 0; index < each; index++) {
      const token = tokens[index % tokens.length] ?? ''
      const line = await openLine(port)
      work.push(
        (async () => {
          let present = line
          while (!own.stop) {
            const record = await call(present, port, token, spread)
            own.records.push(record)
            if (record.status === 0) present = await openLine(port).catch(() => present)
            await new Promise((resolve) => setTimeout(resolve, pauseMs))
          }
          present.end()
        })(),
      )
    }
  }
  streams.set(stream, Object.assign(own, { ended: Promise.all(work) }))
}

async function obey(order: CallersOrder): Promise<unknown> {
  if (order.do === 'open') {
    for (const port of order.ports) await openLines(port, order.each)
    return null
  }
  if (order.do === 'fire') return await fire(order)
  if (order.do === 'start') return await run(order)
  const stream = streams.get(order.stream)
  if (order.do === 'look') return stream?.records.slice(order.from) ?? []
  if (!stream) return []
  stream.stop = true
  // One whose node hangs for good is not waited for: it has no answer to judge.
  await Promise.race([stream.ended, new Promise((resolve) => setTimeout(resolve, 3_000))])
  streams.delete(order.stream)
  return stream.records
}

process.on('message', ({ id, order }: { id: number; order: CallersOrder }) => {
  obey(order).then(
    (value) => process.send?.({ id, value: value ?? null }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
