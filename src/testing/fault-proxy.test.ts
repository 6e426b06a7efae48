import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts'

/** What one end of a connection has seen so far. */
interface Watched {
  readonly socket: Socket
  readonly chunks: string[]
  readonly events: string[]
}

let server: Server
let proxy: FaultProxy
const accepted: Watched[] = []
const sockets: Socket[] = []

function watch(socket: Socket): Watched {
  const watched: Watched = { socket, chunks: [], events: [] }
  socket.setEncoding('utf8').on('data', (text: string) => watched.chunks.push(text))
  socket.on('end', () => watched.events.push('end'))
  socket.on('error', (error: NodeJS.ErrnoException) => watched.events.push(error.code ?? 'error'))
  socket.on('close', () => watched.events.push('close'))
  sockets.push(socket)
  return watched
}

beforeEach(async () => {
  server = createServer((socket) => accepted.push(watch(socket))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await createFaultProxy({ target: { port: (server.address() as AddressInfo).port } })
})

afterEach(async () => {
  await proxy.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  accepted.length = 0
  server.close()
})

/** A client and the server's end of the same connection, which have exchanged one word. */
async function pair(): Promise<{ client: Watched; peer: Watched }> {
  const before = accepted.length
  const client = watch(connect(proxy.port, '127.0.0.1'))
  client.socket.write('hello')
  await expect.poll(() => accepted[before]?.chunks.join('')).toBe('hello')
  const peer = accepted[before]
  if (!peer) throw new Error('nobody was accepted')
  return { client, peer }
}

/** Long enough for loopback to have delivered what it was going to deliver. */
async function roundTrip(): Promise<void> {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const socket = connect((echo.address() as AddressInfo).port, '127.0.0.1')
  for (let turn = 0; turn < 20; turn++) {
    socket.write('x')
    await once(socket, 'data')
  }
  socket.destroy()
  echo.close()
}

test('in fair weather bytes and ends pass both ways', async () => {
  const { client, peer } = await pair()
  peer.socket.end('bye')
  await expect.poll(() => client.events).toContain('close')
  expect(client.chunks.join('')).toBe('bye')
  await expect.poll(() => peer.events).toEqual(['end', 'close'])
  await expect.poll(() => proxy.connections).toBe(0)
})

test('large transfers arrive whole', async () => {
  const { client, peer } = await pair()
  const text = 'abcdefgh'.repeat(4_000_000)
  peer.socket.end(text)
  await expect.poll(() => client.events, { timeout: 10_000 }).toContain('end')
  expect(client.chunks.join('') === text).toBe(true)
})

test('replies held back arrive in one chunk when released', async () => {
  const { client, peer } = await pair()
  proxy.hold()
  for (const word of ['reply ', 'invalidation ', 'more']) {
    peer.socket.write(word)
    await roundTrip()
  }
  await expect.poll(() => proxy.held()).toBe('reply invalidation more'.length)
  expect(client.chunks).toEqual([])
  proxy.release()
  await expect.poll(() => client.chunks).toEqual(['reply invalidation more'])
})

test('while replies are held, requests still reach the server', async () => {
  const { client, peer } = await pair()
  proxy.hold()
  client.socket.write(' again')
  await expect.poll(() => peer.chunks.join('')).toBe('hello again')
})

test('a delay is added to each direction', async () => {
  const { client, peer } = await pair()
  proxy.weather({ delayMs: 60 }, 'down')
  const from = performance.now()
  peer.socket.write('late')
  await once(client.socket, 'data')
  expect(performance.now() - from).toBeGreaterThanOrEqual(59)
})

test('slow bytes pass at their rate', async () => {
  const { client, peer } = await pair()
  proxy.weather({ bytesPerSecond: 1000 })
  const from = performance.now()
  peer.socket.write('x'.repeat(300))
  await expect.poll(() => client.chunks.join('').length, { interval: 5, timeout: 3000 }).toBe(300)
  expect(performance.now() - from).toBeGreaterThan(250)
})

test('a black hole tells nobody anything, and what was sent arrives when it ends', async () => {
  const { client, peer } = await pair()
  proxy.blackHole()
  client.socket.write(' are you there')
  peer.socket.end('going')
  await roundTrip()
  expect([client.chunks, client.events, peer.chunks.join('')]).toEqual([[], [], 'hello'])
  proxy.heal()
  await expect.poll(() => client.chunks.join('')).toBe('going')
  await expect.poll(() => client.events).toContain('end')
  expect(peer.chunks.join('')).toBe('hello are you there')
})

test('a crash of the server behind a black hole is not seen by the client', async () => {
  const { client, peer } = await pair()
  proxy.blackHole()
  peer.socket.resetAndDestroy()
  await roundTrip()
  expect(client.events).toEqual([])
  proxy.heal()
  await expect.poll(() => client.events).toContain('ECONNRESET')
})

test('a half-open client can send and hears nothing; the weather clears with a reset', async () => {
  const { client, peer } = await pair()
  proxy.halfOpen()
  await expect.poll(() => peer.events).toContain('close')
  client.socket.write(' anybody')
  await roundTrip()
  expect([client.chunks, client.events]).toEqual([[], []])
  const other = await pair()
  other.peer.socket.write('new')
  await expect.poll(() => other.client.chunks).toEqual(['new'])
  proxy.heal()
  await expect.poll(() => client.events).toContain('ECONNRESET')
  expect(other.client.events).toEqual([])
})

test('refused connections are reset while the others go on', async () => {
  const { client, peer } = await pair()
  proxy.refuse()
  const refused = watch(connect(proxy.port, '127.0.0.1'))
  await expect.poll(() => refused.events).toContain('close')
  peer.socket.write('still')
  await expect.poll(() => client.chunks).toEqual(['still'])
  proxy.heal()
  await pair()
})

test('a cut resets both sides, and new connections are welcome', async () => {
  const { client, peer } = await pair()
  proxy.cut()
  await expect.poll(() => client.events).toContain('ECONNRESET')
  await expect.poll(() => peer.events).toContain('ECONNRESET')
  await pair()
})

test('a server that does not listen looks like a reset', async () => {
  server.close()
  const client = watch(connect(proxy.port, '127.0.0.1'))
  await expect.poll(() => client.events).toContain('close')
  expect(client.events).not.toContain('end')
})
