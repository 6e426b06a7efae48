import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between nginx and Gatehouse and writes down what passes. */
export interface Relay {
  readonly port: number
  /** Connections that were ever opened. */
  readonly opened: number
  /** All that nginx sent. */
  readonly sent: string
  stop(): void
}

export async function startRelay(target: number): Promise<Relay> {
  let opened = 0
  let sent = ''
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    opened++
    const behind = connect({ host: '127.0.0.1', port: target })
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      sent += chunk.toString('latin1')
    })
    client.pipe(behind).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get opened() {
      return opened
    },
    get sent() {
      return sent
    },
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
