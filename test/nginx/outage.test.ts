import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { startPostgres } from '../servers/postgres.ts'
import { until } from '../servers/until.ts'
import { type Recipe, type RecipeOptions, startRecipe } from './recipe.ts'
import type { Reply } from './send.ts'

const toStop: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop()
})

async function started(options: RecipeOptions = {}): Promise<Recipe> {
  const recipe = await startRecipe(options)
  toStop.push(() => recipe.stop())
  return recipe
}

function expectUndecided(reply: Reply): void {
  expect(reply.status).toBe(503)
  expect(reply.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'retry-after': '1',
    'cache-control': 'no-store',
  })
  expect(reply.headers).not.toHaveProperty('www-authenticate')
  expect(reply.json).toMatchObject({
    type: 'urn:gatehouse:problem:UNAVAILABLE',
    title: 'The key cannot be checked now',
    status: 503,
    detail: 'Gatehouse cannot decide at present. This says nothing about the key.',
    instance: reply.headers['x-request-id'],
    code: 'UNAVAILABLE',
    fix: 'Repeat the request after as many seconds as Retry-After says',
  })
}

test('503: Gatehouse cannot decide without SQL; when SQL is back, so is the key', async () => {
  const postgres = await startPostgres()
  toStop.push(() => postgres.stop())
  const masterKey = Buffer.alloc(32, 7).toString('base64')
  const env = { DATABASE_URL: await postgres.createDatabase(), GATEHOUSE_MASTER_KEY: masterKey }
  const recipe = await started({ env: { ...env, GATEHOUSE_POSTURE: 'strict' } })
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/', { key })).status).toBe(200)

  await postgres.stop()
  const statuses = new Set<number>()
  await until('the lease has ended', async () => {
    const { status } = await recipe.ask('/', { key })
    statuses.add(status)
    return status === 503
  })
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
  const seen = recipe.api.seen.length
  expectUndecided(await recipe.ask('/', { key }))
  expect(recipe.api.seen).toHaveLength(seen)

  await postgres.start()
  await until('the key works again', async () => (await recipe.ask('/', { key })).status === 200)
}, 60_000)

test('a killed Gatehouse is a 503, and one that was started again is noticed at once', async () => {
  const recipe = await started()
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/', { key })).status).toBe(200)
  await recipe.gatehouse.kill()
  const seen = recipe.api.seen.length
  for (const asked of [{ key }, { key: 'x'.repeat(40) }, {}]) expectUndecided(await recipe.ask('/admin/users', asked))
  expect(recipe.api.seen).toHaveLength(seen)
  await recipe.gatehouse.start()
  expect((await recipe.ask('/', { key })).status).toBe(200)
})

test('a Gatehouse that hangs is a 503 within three seconds', async () => {
  const recipe = await started()
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/', { key })).status).toBe(200)
  recipe.gatehouse.pause()
  const sentAt = performance.now()
  expectUndecided(await recipe.ask('/', { key }))
  expect(performance.now() - sentAt).toBeLessThan(3_000)
  recipe.gatehouse.resume()
  expect((await recipe.ask('/', { key })).status).toBe(200)
})

/** What listens where a Gatehouse should, and answers every request with these bytes: none, or none at all. */
async function impostor(answer: string | 'end' | 'silence'): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      if (answer === 'end') socket.destroy()
      else if (answer !== 'silence') socket.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toStop.push(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

describe('what is no Gatehouse', () => {
  test.each([
    ['closes the connection', 'end'],
    ['answers what is not HTTP', 'nonsense\r\n\r\n'],
    ['answers 302', 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n'],
    ['answers 404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['answers 500', 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n'],
    ['answers 502', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'],
    ['answers 503 without Retry-After', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
    ['answers 504', 'HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: 503', async (_, answer) => {
    const port = await impostor(answer)
    const recipe = await started({ gatehousePort: () => port })
    expectUndecided(await recipe.ask('/', { key: 'x'.repeat(40) }))
    expect(recipe.api.seen).toHaveLength(0)
  })
})

const undecided = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n'

test.each([
  ['is dead', () => freePort()],
  ['hangs', () => impostor('silence')],
  ['closes connections', () => impostor('end')],
  ['cannot decide', () => impostor(undecided)],
])('where one node of two %s, keys still work', async (_, startOther) => {
  const other = await startOther()
  const recipe = await started({
    change: (example) => example.replace('# server 10.0.0.12:8700', `server 127.0.0.1:${other}`),
  })
  const { key } = await recipe.newKey()
  for (let round = 0; round < 3; round++) {
    const replies = await Promise.all([1, 2, 3, 4].map(() => recipe.ask('/', { key })))
    expect(replies.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([])
    const unknown = await recipe.ask('/', { key: 'x'.repeat(40) })
    expect([unknown.status, unknown.json.code]).toEqual([401, 'NOT_FOUND'])
  }
})

test.each([
  ['hang', 'silence'],
  ['cannot decide', undecided],
])('where both nodes %s, the answer is a 503 within four seconds', async (_, answer) => {
  const [one, two] = [await impostor(answer), await impostor(answer)]
  const recipe = await started({
    gatehousePort: () => one,
    change: (example) => example.replace('# server 10.0.0.12:8700', `server 127.0.0.1:${two}`),
  })
  for (let round = 0; round < 3; round++) {
    const sentAt = performance.now()
    expectUndecided(await recipe.ask('/', { key: 'x'.repeat(40) }))
    expect(performance.now() - sentAt).toBeLessThan(4_000)
  }
  expect(recipe.api.seen).toHaveLength(0)
})

test("the site's own error pages and settings do not turn a dead Gatehouse into a pass", async () => {
  const recipe = await started({
    change: (example) => `
      proxy_intercept_errors on;
      proxy_cache_path {{dir}}/cache keys_zone=all:1m;
      proxy_cache all;
      proxy_cache_valid any 10m;
      ${example.replace('server_name', 'error_page 502 503 504 =200 /maintenance; server_name')}`,
  })
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/one', { key })).status).toBe(200)
  expect((await recipe.ask('/two')).json).toMatchObject({ status: 401, code: 'request.unauthenticated' })
  await recipe.gatehouse.kill()
  const seen = recipe.api.seen.length
  for (const asked of [{ key }, {}]) expectUndecided(await recipe.ask('/three', asked))
  expect(recipe.api.seen).toHaveLength(seen)
})
