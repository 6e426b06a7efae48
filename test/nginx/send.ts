import { request } from 'node:http'

export interface Asked {
  readonly method?: string
  /** Names and values in turn, as they go over the wire: any spelling, any number of times. */
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** How often each header stands in the answer. */
  readonly times: (name: string) => number
  readonly text: string
  readonly json: Record<string, unknown>
}

/** One request on a connection of its own. The path is sent as it is: nobody resolves its dots. */
export function send(port: number, path: string, { method = 'GET', headers = [], body }: Asked = {}): Promise<Reply> {
  const host = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const lines = [...(host ? [] : ['Host', 'api.example.com']), ...headers, ...length]
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: lines, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const names = answer.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          times: (name) => names.filter((one) => one === name.toLowerCase()).length,
          text,
          json: parsed(text),
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
