import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { until } from '../servers/until.ts'
import { type System, startSystem } from './system.ts'

interface Open {
  readonly text: () => string
  readonly write: (bytes: string) => void
  readonly closed: () => boolean
}

function open(system: System, bytes: string): Promise<Open> {
  const { hostname, port } = new URL(system.url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.write(bytes)
      resolve({ text: () => text, write: (more) => socket.write(more), closed: () => socket.destroyed })
    })
  })
}

/** A change whose answer waits for a node that never speaks. */
async function waiting(system: System, timeout: string): Promise<Open> {
  const { id } = await system.newKey()
  await system.addSilentNode()
  const head = `Host: a\r\nAuthorization: Bearer ${system.adminKey}\r\n\r\n`
  const request = await open(system, `POST /api/v1/keys/${id}/revoke?wait=all&timeout=${timeout} HTTP/1.1\r\n${head}`)
  await until('the key is revoked', async () => {
    const { json } = await system.admin('GET', `/keys/${id}`)
    return json.state === 'revoked'
  })
  return request
}

describe('at shutdown', () => {
  test('open requests finish, idle connections end, nothing new is accepted', async () => {
    const system = await startSystem({ http: { drainMs: 5_000 } })
    const idle = await open(system, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the idle one is answered', () => idle.text().includes('200 OK'))
    const busy = await waiting(system, '2500ms')
    const closed = system.close()
    await until('the idle one is closed', () => idle.closed())
    expect(busy.closed()).toBe(false)
    await expect(open(system, '')).rejects.toThrow('ECONNREFUSED')
    await closed
    expect(busy.text()).toMatch(/^HTTP\/1\.1 200 /)
    expect(busy.text()).toContain('"complete":false')
    expect(busy.text()).toMatch(/connection: close/i)
  })

  test('what is not done by the end of the drain time is cut', async () => {
    const system = await startSystem({ http: { drainMs: 200 } })
    const busy = await waiting(system, '60s')
    const startedMs = performance.now()
    await system.server.close()
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    await until('the connection is cut', () => busy.closed())
    expect(busy.text()).toBe('')
    await system.close()
  })

  test('/readyz says so on connections that are still open', async () => {
    const system = await startSystem({ http: { drainMs: 5_000 } })
    const busy = await waiting(system, '1500ms')
    // In one write with the request before it, so that it is read while the server drains.
    const late = await open(system, 'GET /readyz HTTP/1.1\r\nHost: a\r\n')
    const closed = system.close()
    late.write('\r\n')
    await closed
    expect(late.text()).toMatch(/^HTTP\/1\.1 503 /)
    expect(late.text()).toContain('"draining":true')
    expect(busy.text()).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('closing twice closes once', async () => {
    const system = await startSystem()
    await Promise.all([system.close(), system.close()])
  })
})
