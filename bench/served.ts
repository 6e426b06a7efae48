import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { tieToThisProcess, untie } from '../test/servers/scratch.ts'
import { pinned, serverCore } from './cores.ts'

/** The command as it is shipped. */
export const builtCommand: string = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist/cli/main.js')

/** A server in a process of its own, pinned to the servers' core, that says where it listens. */
export interface Served {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** What it said when it listened. */
  readonly greeting: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

/** Starts `node` with `args`; of its lines of JSON, the one with `"event":"listening"` must hold a `url`. */
export async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Served> {
  const [command, all] = pinned(serverCore, process.execPath, args)
  const child = spawn(command, all, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_096)
  })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  tieToThisProcess(pid)
  const greeting = await greetingOf(child, () => said)
  const url = String(greeting.url)
  return {
    url,
    port: Number(new URL(url).port),
    pid,
    greeting,
    async stop() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      untie(pid)
    },
  }
}

function greetingOf(child: ChildProcess, said: () => string): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The server ended before it listened:\n${said()}`)))
    if (!child.stdout) return reject(new Error('the server has no output'))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told: unknown = JSON.parse(line)
      if (isGreeting(told)) resolve(told)
    })
  })
}

function isGreeting(told: unknown): told is Readonly<Record<string, unknown>> {
  return typeof told === 'object' && told !== null && 'event' in told && told.event === 'listening'
}

/** `gatehouse serve` on an embedded database in `dataDir`, with a demo key. */
export function serveGatehouse(dataDir: string, more: readonly string[] = ['--demo', '--port', '0']): Promise<Served> {
  if (!existsSync(builtCommand)) throw new Error('Gatehouse is not built: run `npm run build`')
  return serve([builtCommand, 'serve', '--json', '--data-dir', dataDir, ...more], {
    DATABASE_URL: `sqlite:${join(dataDir, 'gatehouse.db')}`,
  })
}

export function demoKeyOf({ greeting }: Served): string {
  const { demo } = greeting as { readonly demo?: { readonly key: string } }
  if (!demo) throw new Error('the server was started without --demo')
  return demo.key
}
