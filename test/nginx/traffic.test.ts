import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { valuesOf } from './api.ts'
import { type Recipe, startRecipe, startSite } from './recipe.ts'
import { startRelay } from './relay.ts'
import { send } from './send.ts'

let recipe: Recipe
let good: { readonly id: string; readonly key: string }

beforeAll(async () => {
  recipe = await startRecipe()
  good = await recipe.newKey()
})
afterAll(() => recipe.stop())

test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
  '%s passes and is refused',
  async (method) => {
    const passed = await recipe.ask('/', { key: good.key, method })
    expect(passed.status).toBe(200)
    expect(recipe.api.seen.at(-1)?.method).toBe(method)
    const refused = await recipe.ask('/', { method })
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="gatehouse"')
    expect(refused.text === '').toBe(method === 'HEAD')
  },
)

test('a large upload goes to the API alone, and only with a key', async () => {
  const body = Buffer.alloc(20 * 1024 * 1024, 'x')
  const reply = await recipe.ask('/uploads/film', { key: good.key, method: 'PUT', body })
  expect([reply.status, reply.json.bytes]).toEqual([200, body.length])
  expect((await recipe.ask('/', { key: good.key, method: 'PUT', body: body.subarray(0, 1_000_000) })).json.bytes).toBe(
    1_000_000,
  )
  const before = recipe.api.seen.length
  expect(await refusedUpload(body)).toBe(401)
  expect(recipe.api.seen).toHaveLength(before)
})

/** nginx answers before it has the body, and may close while it still comes. */
function refusedUpload(body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = ['Host', 'api.example.com', 'Content-Length', String(body.length)]
    const sent = request({ host: '127.0.0.1', port: recipe.nginx.port, path: '/uploads/film', method: 'PUT', headers })
    let status: number | undefined
    sent.on('response', (answer) => {
      status = answer.statusCode
      answer.resume().on('end', () => resolve(status ?? 0))
    })
    sent.on('error', (error) => (status === undefined ? reject(error) : resolve(status)))
    sent.end(body)
  })
}

test('bodies are not sent to Gatehouse, with a length or in chunks', async () => {
  const { relay, nginx } = await relayed()
  const whole = await send(nginx.port, '/', { method: 'POST', headers: bearer(), body: 'secret body' })
  expect(whole.json.bytes).toBe(11)
  const chunked = request({
    host: '127.0.0.1',
    port: nginx.port,
    method: 'POST',
    path: '/',
    headers: { authorization: `Bearer ${good.key}` },
  })
  chunked.write('secret ')
  chunked.end('body')
  const [answer] = await once(chunked, 'response')
  expect(answer.statusCode).toBe(200)
  answer.resume()
  // What is left on a kept connection would be read as the head of the next request.
  for (let i = 0; i < 10; i++) expect((await send(nginx.port, '/', { headers: bearer() })).status).toBe(200)
  expect(relay.sent).toContain('X-Original-Method: POST')
  expect(relay.sent).not.toMatch(/secret|body|Content-Length|Transfer-Encoding/i)
})

test('of the headers only the cookies stay here', async () => {
  const { relay, nginx } = await relayed()
  await send(nginx.port, '/a?b', { headers: [...bearer(), 'Cookie', 'session=1', 'User-Agent', 'test'] })
  expect(relay.sent).toMatch(/^GET \/authz\? HTTP\/1\.1\r\n/)
  for (const line of [
    'User-Agent: test',
    'X-Original-Method: GET',
    'X-Original-URI: /a?b',
    'X-Forwarded-Proto: http',
  ]) {
    expect(relay.sent).toContain(`${line}\r\n`)
  }
  expect(relay.sent).toContain('X-Forwarded-Host: api.example.com\r\n')
  expect(relay.sent).not.toMatch(/cookie/i)
})

const bearer = () => ['Authorization', `Bearer ${good.key}`]

test('server-sent events arrive one by one', async () => {
  const sent = request({
    host: '127.0.0.1',
    port: recipe.nginx.port,
    path: '/events/',
    headers: { authorization: `Bearer ${good.key}` },
  })
  sent.end()
  const [answer] = await once(sent, 'response')
  answer.setEncoding('utf8')
  const [first] = await once(answer, 'data')
  expect(first).toBe('data: 1\n\n') // The API sends the second only now.
  recipe.api.nextEvent()
  const [second] = await once(answer, 'data')
  expect(second).toBe('data: 2\n\n')
})

test('a WebSocket opens with a key and echoes; without one it gets the 401', async () => {
  const refused = await webSocket([])
  expect(refused).toMatch(/^HTTP\/1\.1 401 /)
  expect(refused).toContain('"code":"request.unauthenticated"')
  const open = await webSocket([`Authorization: Bearer ${good.key}`])
  expect(open).toMatch(/^HTTP\/1\.1 101 /)
  expect(open).toContain('\x81\x05hello')
  const seen = recipe.api.seen.at(-1)?.headers ?? []
  expect(valuesOf(seen, 'X-Gatehouse-Key-Id')).toEqual([good.id])
  expect(valuesOf(seen, 'Authorization')).toEqual([])
})

/** Opens, sends one masked frame with `hello`, and reads until the other side ends. */
async function webSocket(lines: readonly string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: recipe.nginx.port })
  const opening = ['GET /socket/ HTTP/1.1', 'Host: api.example.com', 'Upgrade: websocket', 'Connection: Upgrade']
  const key = ['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${Buffer.alloc(16, 1).toString('base64')}`]
  socket.write([...opening, ...key, ...lines, '', ''].join('\r\n'))
  let text = ''
  let asked = false
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    if (!asked && text.includes(' 101 ') && text.includes('\r\n\r\n')) {
      asked = true
      socket.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('hello')]))
    }
    if (text.includes('"code"')) socket.end()
  })
  await once(socket, 'close')
  return text
}

test('checks share one connection to Gatehouse, refused ones too', async () => {
  const { relay, nginx } = await relayed()
  for (let i = 0; i < 50; i++) {
    expect((await send(nginx.port, '/', { headers: bearer() })).status).toBe(200)
    expect((await send(nginx.port, '/')).status).toBe(401)
    expect((await send(nginx.port, '/admin/', { headers: bearer() })).status).toBe(403)
  }
  expect(relay.opened).toBeLessThanOrEqual(2) // Of each worker of nginx one; there is one worker.
})

async function relayed() {
  const relay = await startRelay(recipe.gatehouse.port)
  const nginx = await startSite({ gatehouse: relay.port, api: recipe.api.port })
  onTestFinished(async () => {
    await nginx.stop()
    relay.stop()
  })
  return { relay, nginx }
}
