import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { createRuntime } from '../runtime.ts'
import { loadSettings } from '../settings.ts'
import { type Load, loadHttp, quantile } from './bench-load.ts'

export interface Measurement {
  readonly what: string
  readonly perSecond: number
  /** Median and 99th percentile of one check, µs; absent where single checks are too short to be timed. */
  readonly p50Us?: number
  readonly p99Us?: number
  /** Of the bare limit on this machine, measured in the same run. */
  readonly ofBare?: number
}

/** In-process checks for a fifth of the time; the rest in turns between a bare server and a real one, so that what
 * else the machine does falls on both. */
export async function measure(totalMs: number): Promise<readonly Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const [peek, verify] = await inProcess(folder, totalMs / 10)
    const { bare, gatehouse } = await overHttp(folder, totalMs * 0.8)
    return [
      { what: 'in process, peek', perSecond: peek },
      { what: 'in process, verify', perSecond: verify },
      { what: 'bare HTTP server', ...figures(bare) },
      { what: 'HTTP /authz', ...figures(gatehouse), ofBare: gatehouse.perSecond / bare.perSecond },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const figures = ({ perSecond, latenciesUs }: Load) => ({
  perSecond,
  p50Us: quantile(latenciesUs, 0.5),
  p99Us: quantile(latenciesUs, 0.99),
})

async function inProcess(folder: string, eachMs: number): Promise<readonly [number, number]> {
  const flags = {
    databaseUrl: `sqlite:${join(folder, 'in-process.db')}`,
    dataDir: folder,
    demo: true,
    logLevel: 'silent',
  }
  const { gate, bootstrap, close } = await createRuntime(loadSettings({ flags, env: {}, cwd: folder }))
  try {
    const key = bootstrap.demo?.key.reveal() ?? ''
    const first = await gate.verify(key)
    if (first.kind !== 'accepted') throw failed(`the demo key was refused in process: ${first.reason}`)
    const peek = await perSecond(eachMs, () => {
      if (gate.peek(key)?.kind !== 'accepted') throw failed('a cached key was not answered from memory')
    })
    return [peek, await perSecondAsync(eachMs, () => gate.verify(key))]
  } finally {
    await close()
  }
}

const batch = 1000
/** Between turns the node must read the change log, or its lease would end. */
const turnMs = 50

/** Warms up for a quarter of the time. Only time spent in checks counts. */
async function perSecond(forMs: number, once: () => void): Promise<number> {
  await turns(forMs / 4, once)
  return await turns((forMs * 3) / 4, once)
}

async function turns(forMs: number, once: () => void): Promise<number> {
  let count = 0
  let spentMs = 0
  while (spentMs < forMs) {
    const start = systemClock.mono()
    let elapsed = 0
    for (; elapsed < turnMs; elapsed = systemClock.mono() - start) {
      for (let i = 0; i < batch; i++) once()
      count += batch
    }
    spentMs += elapsed
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (count / spentMs) * 1000
}

async function perSecondAsync(forMs: number, once: () => Promise<unknown>): Promise<number> {
  const start = systemClock.mono()
  let count = 0
  let elapsed = 0
  while (elapsed < forMs) {
    for (let i = 0; i < batch; i++) await once()
    count += batch
    elapsed = systemClock.mono() - start
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (count / elapsed) * 1000
}

const rounds = 3

async function overHttp(folder: string, totalMs: number): Promise<{ bare: Load; gatehouse: Load }> {
  const [bareServer, server] = await Promise.all([start('bench-bare-server', []), startGatehouse(folder)])
  try {
    const key = server.said.demo?.key ?? ''
    const roundMs = totalMs / rounds / 2
    const loads: { bare: Load[]; gatehouse: Load[] } = { bare: [], gatehouse: [] }
    for (let round = 0; round < rounds; round++) {
      loads.bare.push(await loadHttp({ url: bareServer.said.url, key, forMs: roundMs }))
      loads.gatehouse.push(await loadHttp({ url: `${server.said.url}/authz`, key, forMs: roundMs }))
    }
    return { bare: joined(loads.bare), gatehouse: joined(loads.gatehouse) }
  } finally {
    bareServer.child.kill()
    server.child.kill()
    await Promise.all([bareServer.ended, server.ended])
  }
}

function joined(loads: readonly Load[]): Load {
  return {
    perSecond: loads.reduce((sum, load) => sum + load.perSecond, 0) / loads.length,
    latenciesUs: loads.flatMap((load) => load.latenciesUs),
  }
}

function startGatehouse(folder: string): Promise<Started> {
  const own = join(folder, 'server')
  const options = ['--demo', '--json', '--port', '0', '--log-level', 'silent', '--data-dir', own]
  return start('main', ['serve', ...options], folder)
}

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  readonly said: { readonly url: string; readonly demo?: { readonly key: string } }
}

/** Runs a file of this folder; it says on one line where it listens. Nothing of this environment reaches it. */
async function start(file: string, args: readonly string[], cwd?: string): Promise<Started> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const path = fileURLToPath(new URL(`./${file}.${extension}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line)
    if (typeof said === 'object' && said !== null && 'url' in said) {
      child.stdout.resume()
      return { child, ended, said: said as Started['said'] }
    }
  }
  throw failed(`${file} ended before it listened`)
}

function failed(why: string): Fault {
  return new Fault('internal', { public: `The measurement failed: ${why}`, fix: 'Run `gatehouse doctor`' })
}
