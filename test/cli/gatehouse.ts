import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { tieToThisProcess, untie } from '../servers/scratch.ts'

const main = resolve('src/cli/main.ts')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd: string
  /** Nothing of this process's environment is handed on. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Runs a command to its end. */
export async function gatehouse(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = start(args, options)
  child.stdin?.end(options.input ?? '')
  const [out, err, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')])
  return { code, out, err }
}

const textOf = (stream: NodeJS.ReadableStream | null) => (stream ? text(stream) : Promise.resolve(''))

export interface Listening {
  readonly url: string
  readonly adminUrl: string
  readonly adminKey?: string
  readonly demo?: { readonly key: string; readonly tenantId: string; readonly appId: string }
}

export interface Serving extends Listening {
  /** Sends SIGTERM; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a real server on any free port and waits until it listens. */
export async function serve(args: readonly string[], options: RunOptions): Promise<Serving> {
  const child = start(['serve', '--json', '--port', '0', '--log-level', 'warn', ...args], options)
  if (!child.stdout) throw new Error('the server could not be started')
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const failed = textOf(child.stderr)
  const listening = await firstListening(child.stdout)
  if (!listening) throw new Error(`the server ended: ${await failed}`)
  return {
    ...listening,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return exited
    },
  }
}

async function firstListening(stdout: NodeJS.ReadableStream): Promise<Listening | undefined> {
  for await (const line of createInterface({ input: stdout })) {
    const said = JSON.parse(line) as Listening & { readonly event?: string }
    if (said.event !== 'listening') continue
    stdout.resume()
    return said
  }
  return undefined
}

/** For what a test wants to watch itself; ends with this process. */
export function start(args: readonly string[], { cwd, env = {} }: RunOptions): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    detached: true,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the command could not be started')
  tieToThisProcess(pid)
  child.once('exit', () => untie(pid))
  return child
}

/** The one object that a command printed with `--json`. */
export function only<T = Record<string, unknown>>({ out, err }: Ran): T {
  const lines = out.trim().split('\n')
  if (lines.length !== 1 || !lines[0]) throw new Error(`expected one line, got ${JSON.stringify(out)} and ${err}`)
  return JSON.parse(lines[0]) as T
}

export function lines<T = Record<string, unknown>>({ out }: Ran): T[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}
