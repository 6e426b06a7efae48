import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What reached the API. */
export interface Seen {
  readonly method: string
  readonly url: string
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[]
  readonly bytes: number
}

/** The API behind the door: it tells what it was sent, streams, and echoes over WebSockets. */
export interface Api {
  readonly port: number
  readonly seen: readonly Seen[]
  /** Lets the open event streams send their next event. */
  nextEvent(): void
  stop(): Promise<void>
}

export async function startApi(): Promise<Api> {
  const seen: Seen[] = []
  const streams: (() => void)[] = []

  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    const one = { ...headOf(request), bytes }
    seen.push(one)
    const status = Number(/\/status\/(\d{3})/.exec(one.url)?.[1] ?? 200)
    if (one.url.startsWith('/events/')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      streams.push(() => response.end('data: 2\n\n'))
      return
    }
    response.writeHead(status, { 'Content-Type': 'application/json', 'X-Api': 'yes' })
    response.end(JSON.stringify(one))
  })
  server.on('upgrade', (request, socket) => {
    seen.push({ ...headOf(request), bytes: 0 })
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${webSocketGuid}`).digest('base64')
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'))
    socket.on('error', () => undefined)
    // One short text frame of a client is masked; unmasked it is the same frame of a server.
    socket.on('data', (frame: Buffer) => {
      const length = (frame[1] ?? 0) & 127
      const mask = frame.subarray(2, 6)
      const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
      socket.end(Buffer.concat([Buffer.from([0x81, length]), text, Buffer.from([0x88, 0])]))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    seen,
    nextEvent() {
      for (const next of streams.splice(0)) next()
    },
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

function headOf({ method = '', url = '', rawHeaders }: IncomingMessage) {
  return { method, url, headers: rawHeaders }
}

/** All values under a name that an API could take for `name`: in any case, with `_` or `.` for `-`. */
export function valuesOf(headers: readonly string[], name: string): readonly string[] {
  const like = (text: string) => text.toLowerCase().replaceAll(/[_.]/g, '-')
  return headers.filter((_, index) => index % 2 === 1 && like(headers[index - 1] ?? '') === like(name))
}
