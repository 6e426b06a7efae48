import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../servers/until.ts'
import { rawRequest, sendRaw } from './raw.ts'
import { type System, startSystem } from './system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem({
    limits: { headersMs: 200, requestMs: 400, keepAliveMs: 150, sweepMs: 50, connections: 20 },
  })
})
afterAll(() => system.close())

interface Slow {
  readonly socket: Socket
  readonly text: () => string
  readonly closed: () => boolean
}

function open(bytes: string): Promise<Slow> {
  const { hostname, port } = new URL(system.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    let text = ''
    let closed = false
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      closed = true
    })
    socket.on('connect', () => {
      socket.write(bytes)
      resolve({ socket, text: () => text, closed: () => closed })
    })
  })
}

const gone = async (slow: Slow) => {
  await until('the server closes the connection', () => slow.closed(), 5_000)
  return slow.text()
}

describe('a connection is given up', () => {
  test('on which nothing is said', async () => {
    expect(await gone(await open(''))).toMatch(/^(HTTP\/1\.1 408|$)/)
  })

  test('408: on which a head never ends', async () => {
    const text = await gone(await open('GET /authz HTTP/1.1\r\nHost: a\r\nX-A: '))
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(text).toContain('"code":"request.timeout"')
  })

  test('408: on which a body never ends', async () => {
    const head = [`Authorization: Bearer ${system.adminKey}`, 'Content-Type: application/json', 'Content-Length: 100']
    const slow = await open(rawRequest('POST', '/api/v1/keys', head, '{"kind"').replace('Connection: close\r\n', ''))
    expect(await gone(slow)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('that lies idle after its answer', async () => {
    const text = await gone(await open('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'))
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('whose other half was closed after half a request', async () => {
    const slow = await open('GET /authz HTTP/1.1\r\nHost: a\r\n')
    slow.socket.end()
    expect(await gone(slow)).toMatch(/^(HTTP\/1\.1 400|$)/)
  })
})

test('an answer that takes longer than a request may take is not cut', async () => {
  const { id } = await system.newKey()
  const head = [`Authorization: Bearer ${system.adminKey}`]
  const startedMs = performance.now()
  const path = `/api/v1/keys/${id}/revoke?wait=all&timeout=1200ms`
  await system.addSilentNode()
  const reply = await sendRaw(system.url, rawRequest('POST', path, head))
  expect(reply.status).toBe(200)
  expect(JSON.parse(reply.body)).toMatchObject({ complete: false })
  expect(performance.now() - startedMs).toBeGreaterThan(1100)
})

test('beyond the limit of connections new ones are closed, and those that are open are served', async () => {
  const held = await Promise.all(Array.from({ length: 20 }, () => open('GET /healthz HTTP/1.1\r\nHost: a\r\n')))
  const more = await open('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(await gone(more)).toBe('')
  for (const each of held) each.socket.write('\r\n')
  for (const each of held) expect(await gone(each)).toMatch(/^HTTP\/1\.1 200 /)
})
