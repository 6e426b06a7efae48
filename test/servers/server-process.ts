import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { isRunning, processTree, signalProcess } from './process-tree.ts'
import { tieToThisProcess, untie } from './scratch.ts'

export interface ServerSpec {
  /** For messages: what this server is. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  /** The server's own directory. */
  readonly dir: string
  /** Asked again and again after the start; true when the server serves. */
  readonly isReady: () => Promise<boolean>
  /** What asks this server to stop at once but cleanly. SIGTERM by default. */
  readonly stopSignal?: NodeJS.Signals
  /** The user to run as; this process's own by default. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** How long the start may take, 30 s by default. */
  readonly startMs?: number
}

const pollMs = 15
const stopMs = 10_000
const logLimit = 64 * 1024

/** A real server on loopback that can be stopped, killed, started again and frozen. It never outlives this process. */
export class ServerProcess {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly dir: string
  readonly #spec: ServerSpec
  #child: ChildProcess | undefined
  #log = ''

  constructor(spec: ServerSpec) {
    this.#spec = spec
    this.port = spec.port
    this.dir = spec.dir
  }

  /** The process id of the running server; throws when it does not run. */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#spec.name} is not running`)
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** The last 64 KiB of what the server wrote to its standard streams. */
  log(): string {
    return this.#log
  }

  /** Starts the server again, on the same port and directory, and waits until it serves. */
  async start(): Promise<void> {
    if (this.#child) throw new Error(`${this.#spec.name} is running already`)
    const deadline = performance.now() + (this.#spec.startMs ?? 30_000)
    await this.#spawn()
    while (!(await this.#spec.isReady())) {
      if (!this.#child) throw new Error(`${this.#spec.name} ended while it was starting:\n${this.#log}`)
      if (performance.now() > deadline) {
        await this.kill()
        throw new Error(`${this.#spec.name} does not answer on port ${this.port}:\n${this.#log}`)
      }
      await pause(pollMs)
    }
  }

  /** Stops cleanly, by force when that takes over 10 s. Does nothing when the server does not run. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    const tree = processTree(child.pid)
    this.resume()
    signalProcess(child.pid, this.#spec.stopSignal ?? 'SIGTERM')
    if (!(await this.#gone(tree, stopMs))) await this.kill()
  }

  /** SIGKILL to the server and all its children, as a crash of the machine would; returns when none is left. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    const tree = processTree(child.pid)
    for (const pid of tree) signalProcess(pid, 'SIGKILL')
    if (!(await this.#gone(tree, stopMs))) throw new Error(`${this.#spec.name} does not die: ${tree.join(', ')}`)
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Freezes the server and its children (SIGSTOP): connections stay open, nothing answers. */
  pause(): void {
    for (const pid of processTree(this.pid)) signalProcess(pid, 'SIGSTOP')
  }

  resume(): void {
    for (const pid of processTree(this.pid)) signalProcess(pid, 'SIGCONT')
  }

  async #spawn(): Promise<void> {
    const { command, args, dir, user } = this.#spec
    // Detached = leader of its own group: an interrupt at the terminal reaches the tests, and they end the server.
    const child = spawn(command, args, { cwd: dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...user })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-logLimit)
      })
    }
    await once(child, 'spawn')
    const { pid } = child
    if (pid === undefined) throw new Error(`${this.#spec.name} has no process id`)
    this.#child = child
    tieToThisProcess(pid)
    child.once('exit', () => {
      untie(pid)
      if (this.#child === child) this.#child = undefined
    })
  }

  async #gone(tree: readonly number[], withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    while (this.#child || tree.some(isRunning)) {
      if (performance.now() > deadline) return false
      await pause(pollMs)
    }
    return true
  }
}

/** Builds a server on a free port and starts it; where another took the port meanwhile, tries the next. */
export async function startOnFreePort<S extends ServerProcess>(create: () => Promise<S>): Promise<S> {
  for (let tries = 1; ; tries++) {
    const server = await create()
    try {
      await server.start()
      return server
    } catch (error) {
      const taken = /address already in use|could not bind|EADDRINUSE/i.test(server.log())
      if (!taken || tries === 5) throw error
    }
  }
}
