import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface OpenModelOptions {
  readonly port: number
  /** The whole request, as it goes over the wire. Answers must have an empty body. */
  readonly request: string
  readonly perSecond: number
  readonly seconds: number
  readonly connections: number
  /** Left out of the figures at the start, seconds. */
  readonly warmUpSeconds?: number
}

export interface OpenModelResult {
  /** From the moment a request was *due* to its whole answer, ms. */
  readonly latencies: readonly number[]
  /** How late the generator itself sent what found a free connection, 99th percentile in ms: its own share. */
  readonly ownLag: readonly number[]
  readonly perSecond: number
}

/**
 * Constant arrival: request number n is due at n / rate, whether the server keeps up or not. One that finds no free
 * connection waits its turn, and its wait counts. The generator never sleeps, since timers are a millisecond coarse: it
 * turns the event loop and sends what is due.
 */
export async function openModel(options: OpenModelOptions): Promise<OpenModelResult> {
  const { port, request, perSecond, seconds, connections, warmUpSeconds = 0.5 } = options
  const bytes = Buffer.from(request, 'latin1')
  const idle: Line[] = []
  const latencies: number[] = []
  const ownLag: number[] = []
  let answered = 0
  let broken: Error | undefined
  const everyMs = 1_000 / perSecond
  const total = Math.floor(perSecond * (seconds + warmUpSeconds))
  const skipped = Math.floor(perSecond * warmUpSeconds)

  const lines = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      await once(socket, 'connect')
      return { socket, dueMs: 0, counts: false }
    }),
  )
  for (const line of lines) {
    line.socket.on('error', (error) => {
      broken = error
    })
    line.socket.on('data', (chunk: Buffer) => {
      if (!endsHead(chunk)) return
      if (chunk[9] !== 0x32) broken = new Error(`The answer was ${chunk.subarray(0, 30).toString('latin1')}`)
      answered++
      if (line.counts) latencies.push(performance.now() - line.dueMs)
      idle.push(line)
    })
  }
  idle.push(...lines)

  const startMs = performance.now() + 10
  await new Promise<void>((resolve) => {
    let sent = 0
    const turn = () => {
      const nowMs = performance.now()
      while (sent < total && idle.length > 0) {
        const dueMs = startMs + sent * everyMs
        if (dueMs > nowMs) break
        const line = idle.shift()
        if (!line) break
        line.dueMs = dueMs
        line.counts = sent >= skipped
        line.socket.write(bytes)
        if (line.counts) ownLag.push(nowMs - dueMs)
        sent++
      }
      if (broken || (sent >= total && answered >= total)) resolve()
      else setImmediate(turn)
    }
    turn()
  })
  for (const { socket } of lines) socket.destroy()
  if (broken) throw broken
  return { latencies, ownLag, perSecond: (total / (performance.now() - startMs)) * 1_000 }
}

interface Line {
  readonly socket: Socket
  dueMs: number
  counts: boolean
}

function endsHead(chunk: Buffer): boolean {
  const end = chunk.length
  return chunk[end - 4] === 13 && chunk[end - 3] === 10 && chunk[end - 2] === 13 && chunk[end - 1] === 10
}
