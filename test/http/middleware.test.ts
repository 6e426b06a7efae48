import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatehouse } from '../../src/middleware/fastify.ts'
import { protect } from '../../src/middleware/node.ts'
import { type RawReply, rawRequest, sendRaw } from './raw.ts'
import { type System, startSystem } from './system.ts'

let system: System
let plain: Server
let app: FastifyInstance
let key: string
let keyId: string
/** The same question, to the check and to both middlewares. */
const doors: Record<string, string> = {}

beforeAll(async () => {
  system = await startSystem({
    env: { GATEHOUSE_CREDENTIAL_HEADERS: 'x-api-key', GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1' },
  })
  const made = await system.newKey({ scopes: ['billing'], permissions: ['a'], allowedCidrs: ['203.0.113.0/24'] })
  key = made.key
  keyId = made.id
  const options = {
    scope: 'billing',
    permissions: ['a'],
    realm: 'My API',
    credentialHeaders: ['x-api-key'],
    trustedProxies: ['127.0.0.1'],
  }
  const { gate } = system.runtime
  plain = createServer(protect(gate, (_request, response, principal) => response.end(principal.keyId), options))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  app = fastify()
  await app.register(gatehouse, { ...options, gate })
  app.post('/authz', (request) => request.principal?.keyId)
  app.get('/authz', (request) => request.principal?.keyId)
  doors.authz = system.url
  doors.node = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`
  doors.fastify = await app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await app.close()
  await new Promise((resolve) => plain.close(resolve))
  await system.close()
})

const from = 'X-Forwarded-For: 203.0.113.7'
const id = 'X-Request-Id: same-for-all'
const path = '/authz?scope=billing&permission=a&realm=My%20API'

function askAll(lines: readonly string[]): Promise<readonly RawReply[]> {
  return Promise.all(Object.values(doors).map((url) => sendRaw(url, rawRequest('GET', path, [id, ...lines]))))
}

/** What a client can tell answers apart by. */
function essence({ status, head, body }: RawReply) {
  const kept = head.split('\r\n').filter((line) => !/^(date|connection|keep-alive|server-timing):/i.test(line))
  return { status, head: kept.toSorted(), body }
}

describe.each<[string, number, () => readonly string[]]>([
  ['no credential', 401, () => []],
  ['a damaged one', 401, () => ['Authorization: Bearer damaged']],
  ['one that is too long', 401, () => [`Authorization: Bearer ${'a'.repeat(600)}`]],
  ['two', 400, () => [`Authorization: Bearer ${key}`, `X-Api-Key: ${key}`]],
  ['one from the wrong address', 403, () => [`Authorization: Bearer ${key}`, 'X-Forwarded-For: 198.51.100.1']],
  ['one without the scope', 403, () => [`Authorization: Bearer ${system.adminKey}`, from]],
])('%s', (_name, status, lines) => {
  test(`is ${status} in the same words everywhere`, async () => {
    await askAll(lines()) // From now on this key is cached, and each answer says so.
    const replies = await askAll(lines())
    for (const reply of replies) expect(reply.status).toBe(status)
    const [first, ...others] = replies.map(essence)
    for (const other of others) expect(other).toEqual(first)
  })
})

test('a good key reaches the handler, with its principal', async () => {
  const replies = await askAll([`X-Api-Key: ${key}`, from])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(replies[1]?.body).toContain(keyId)
  expect(replies[2]?.body).toContain(keyId)
})

describe('a handler that fails', () => {
  const failures: Record<string, Parameters<typeof protect>[1]> = {
    '/throws': () => {
      throw new Error('geheim')
    },
    '/rejects': async () => {
      throw new Error('geheim')
    },
    '/rejects-late': async (_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half')
      await new Promise(setImmediate)
      throw new Error('geheim')
    },
  }

  async function whileServing(told: unknown[], work: (url: string) => Promise<void>): Promise<void> {
    const handler = protect(system.runtime.gate, (...given) => failures[given[0].url ?? '']?.(...given), {
      credentialHeaders: ['x-api-key'],
      trustedProxies: ['127.0.0.1'],
      onError: (error, { url }) => told.push([url, String(error)]),
    })
    const server = createServer(handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await new Promise((resolve) => server.close(resolve))
  }

  test('costs its own request only, and its error is handed over', async () => {
    const told: unknown[] = []
    await whileServing(told, async (url) => {
      // The first finds the key in storage, the second in memory: one waits for a promise, the other does not.
      await system.admin('POST', '/cache/flush')
      for (const address of ['/throws', '/throws', '/rejects']) {
        const reply = await sendRaw(url, rawRequest('GET', address, [`X-Api-Key: ${key}`, from]))
        expect(reply.status).toBe(500)
        expect(JSON.parse(reply.body)).toMatchObject({ code: 'internal', fix: expect.any(String) })
        expect(reply.body).not.toContain('geheim')
      }
      const cut = await sendRaw(url, rawRequest('GET', '/rejects-late', [`X-Api-Key: ${key}`, from]))
      expect(cut).toMatchObject({ status: 200, body: 'half' })
    })
    expect(told).toEqual(['/throws', '/throws', '/rejects', '/rejects-late'].map((url) => [url, 'Error: geheim']))
  })
})

test('the body of a request that is refused is not read', async () => {
  const lines = ['Content-Type: application/json', 'Content-Length: 9']
  const reply = await sendRaw(doors.fastify ?? '', rawRequest('POST', '/authz', lines, '{not json'))
  expect(reply.status).toBe(401)
})

test.each([{ realm: 'a"b' }, { scope: 'a b' }, { permissions: ['a\r\nb'] }, { trustedProxies: ['10.0.0.0/40'] }])(
  'options that can never work are refused at once: %j',
  (options) => {
    expect(() => protect(system.runtime.gate, () => {}, options)).toThrow(
      expect.objectContaining({ code: 'setting.invalid' }),
    )
  },
)
