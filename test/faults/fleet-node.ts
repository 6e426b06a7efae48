import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import type { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { freePort } from '../servers/free-port.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { ServerProcess, startOnFreePort } from '../servers/server-process.ts'
import { until } from '../servers/until.ts'

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** For nodes whose wall clock the test moves. */
export const wallClockPreload = join(repository, 'test/faults/wall-clock-preload.ts')

/** The ways of one node to its stores. Absent where the node goes there directly. */
export interface Links {
  readonly sql?: FaultProxy | undefined
  readonly redis?: FaultProxy | undefined
}

export interface NodeSpec {
  readonly srcDir: string
  readonly env: Readonly<Record<string, string>>
  readonly links: Links
  readonly preload?: string | undefined
}

/** A running `gatehouse serve`: a process of its own, with what stands between it and its stores. */
export class FleetNode extends ServerProcess {
  readonly links: Links
  /** As it stands in receipts. */
  id = ''

  constructor(spec: NodeSpec & { readonly port: number; readonly dir: string }) {
    const { srcDir, env, port, dir, preload } = spec
    const settings = Object.entries({ ...env, PORT: String(port) }).map(([name, value]) => `${name}=${value}`)
    const imports = preload === undefined ? [] : ['--import', preload]
    super({
      name: 'A node',
      // The variables of this process are not the node's: `env` starts from none.
      command: '/usr/bin/env',
      args: [
        '-i',
        ...settings,
        `TEST_WALL_OFFSET_FILE=${join(dir, 'wall-offset')}`,
        process.execPath,
        ...imports,
        join(srcDir, 'cli/main.ts'),
        'serve',
      ],
      port,
      dir,
      isReady: () => isReady(port),
    })
    this.links = spec.links
  }

  get url(): string {
    return `http://${this.host}:${this.port}`
  }

  /** SQL answers nothing from now on, and nobody is told. */
  cutSql(): void {
    linkOf(this.links.sql, 'SQL').blackHole()
  }

  cutRedis(): void {
    linkOf(this.links.redis, 'Redis').blackHole()
  }

  cut(): void {
    this.cutSql()
    if (this.links.redis) this.cutRedis()
  }

  heal(): void {
    this.links.sql?.heal()
    this.links.redis?.heal()
  }

  /** Steps the node's wall clock to so far from the machine's. Needs `wallClockPreload`. */
  async stepWall(offsetMs: number): Promise<void> {
    const steps = () => this.log().split('wall clock at ').length
    const before = steps()
    writeFileSync(join(this.dir, 'wall-offset'), String(offsetMs))
    process.kill(this.pid, 'SIGUSR2')
    await until('the wall clock has stepped', () => steps() > before)
  }

  /** Waits until the node holds its lease again. */
  async recovered(): Promise<void> {
    await until(`node ${this.id} holds a lease`, async () => (await this.metric('gatehouse_lease_live')) === 1)
    if (this.links.redis) {
      await until(`node ${this.id} uses Redis`, async () => (await this.metric('gatehouse_shared_tier_up')) === 1)
    }
  }

  /** The sum of all samples of a metric whose labels include `labels`. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { body } = await request(`${this.url}/metrics`)
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    let sum = 0
    for (const line of (await body.text()).split('\n')) {
      const [, found, listed = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (found === name && wanted.every((one) => listed.split(',').includes(one))) sum += Number(value)
    }
    return sum
  }
}

export async function startNode(spec: NodeSpec): Promise<FleetNode> {
  const node = await startOnFreePort(
    async () => new FleetNode({ ...spec, port: await freePort(), dir: scratchDirectory('node') }),
  )
  return node
}

async function isReady(port: number): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}/readyz`)
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}

function linkOf(proxy: FaultProxy | undefined, what: string): FaultProxy {
  if (!proxy) throw new Error(`This fleet was started without a proxy to ${what}`)
  return proxy
}
