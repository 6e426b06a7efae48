import { connect, type Socket } from 'node:net'
import { systemClock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'

export interface LoadOptions {
  readonly url: string
  readonly key: string
  readonly forMs: number
  readonly connections?: number
}

export interface Load {
  readonly perSecond: number
  /** Of every answer. */
  readonly latenciesUs: readonly number[]
}

/**
 * Asks on so many connections at once, each time as soon as the answer before is whole. Written on sockets, since a
 * client of HTTP would cost more than the servers that are measured. Every answer must be 200 with an empty body.
 */
export async function loadHttp({ url, key, forMs, connections = 32 }: LoadOptions): Promise<Load> {
  const { hostname, port, pathname, host } = new URL(url)
  const request = `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n\r\n`
  const start = systemClock.mono()
  const deadline = start + forMs
  const latenciesUs: number[] = []
  await Promise.all(
    Array.from({ length: connections }, () => talk(connect(Number(port), hostname), request, deadline, latenciesUs)),
  )
  return { perSecond: (latenciesUs.length / (systemClock.mono() - start)) * 1000, latenciesUs }
}

function talk(socket: Socket, request: string, deadline: number, latenciesUs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0
    let received = ''
    const ask = () => {
      sent = systemClock.mono()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.once('connect', ask)
    socket.once('error', reject)
    socket.once('close', () => reject(lost('a connection was closed')))
    socket.on('data', (chunk: string) => {
      received += chunk
      if (!received.endsWith('\r\n\r\n')) return
      if (!received.startsWith('HTTP/1.1 200')) return reject(lost(`the answer was ${received.slice(0, 40)}`))
      const now = systemClock.mono()
      latenciesUs.push((now - sent) * 1000)
      received = ''
      if (now < deadline) return ask()
      resolve()
      socket.destroy()
    })
  })
}

function lost(why: string): Fault {
  return new Fault('internal', { public: `The measurement failed: ${why}` })
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
