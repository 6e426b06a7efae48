import { connect } from 'node:net'

export interface RawReply {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Sends bytes as they are over a connection of its own and reads until the server closes it. */
export function sendRaw(url: string, bytes: string | Buffer, encoding: BufferEncoding = 'latin1'): Promise<RawReply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(readReply(text)))
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, encoding) : bytes)
  })
}

/** One request with these header lines; the connection ends after it. */
export function rawRequest(method: string, path: string, lines: readonly string[], body = ''): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: gatehouse', 'Connection: close', ...lines, '', body].join('\r\n')
}

function readReply(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: end < 0 ? '' : text.slice(end + 4) }
}
