import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Serving, serve } from '../cli/gatehouse.ts'
import { scratchDirectory } from '../servers/scratch.ts'

const clients = 24

interface Outcome {
  answered: number
  /** Of requests on a connection that stood. */
  failed: string[]
}

/** Asks again and again, opens another connection when told to or for each request, and stops when none is to be had. */
async function askOn({ url, demo }: Serving, keepAlive: boolean, outcome: Outcome): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  for (;;) {
    const said = await ask(`${url}/authz`, demo?.key ?? '', agent)
    if (said === 'ECONNREFUSED') break
    if (said === 200) outcome.answered++
    else outcome.failed.push(String(said))
    if (outcome.failed.length > 100) break
  }
  agent.destroy()
}

function ask(url: string, key: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, headers: { authorization: `Bearer ${key}` } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    sent.end()
  })
}

async function readiness(url: string) {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, connection: answer.headers.get('connection'), text: await answer.text() }
}

test.each([
  ['public', true],
  ['public', false],
  ['admin', true],
] as const)(
  'SIGTERM costs no request on the %s listener (kept connections: %s)',
  async (which, keepAlive) => {
    const args = which === 'admin' ? ['--admin-listen', '127.0.0.1:0'] : []
    const server = await serve(['--demo', '--drain', '10s', ...args], { cwd: scratchDirectory('drain') })
    const asked = which === 'admin' ? { ...server, url: server.adminUrl } : server
    const outcome: Outcome = { answered: 0, failed: [] }
    const loops = Array.from({ length: clients }, () => askOn(asked, keepAlive, outcome))
    await pause(300)
    const before = outcome.answered
    expect(before).toBeGreaterThan(clients)
    const stopped = server.stop()
    await pause(200)
    // It still listens, so that whoever watches it learns that it goes.
    const seen = await readiness(asked.url)
    expect(seen).toMatchObject({ status: 503, connection: 'close', text: expect.stringContaining('"draining":true') })
    await Promise.all(loops)
    expect(await stopped).toBe(0)
    expect(outcome.failed).toEqual([])
    expect(outcome.answered).toBeGreaterThan(before + clients)
  },
  30_000,
)

test('with nobody there it stops at once', async () => {
  const server = await serve(['--drain', '30s'], { cwd: scratchDirectory('drain-alone') })
  const startedMs = performance.now()
  expect(await server.stop()).toBe(0)
  expect(performance.now() - startedMs).toBeLessThan(900)
})
