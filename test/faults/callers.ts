import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { repository } from './fleet-node.ts'

/** One request to /authz. Times are the machine's; `status` is 0 where no answer came. */
export interface CallRecord {
  readonly port: number
  readonly status: number
  readonly startedMs: number
  readonly endedMs: number
}

export type CallersOrder =
  | { readonly do: 'open'; readonly ports: readonly number[]; readonly each: number }
  | {
      readonly do: 'fire'
      readonly ports: readonly number[]
      readonly each: number
      readonly tokens: readonly string[]
    }
  | {
      readonly do: 'start'
      readonly stream: number
      readonly ports: readonly number[]
      readonly each: number
      readonly tokens: readonly string[]
      readonly pauseMs: number
      /** Each request says that it was forwarded for another address. */
      readonly spread: boolean
    }
  | { readonly do: 'look' | 'stop'; readonly stream: number; readonly from: number }

type CallsOrder = Extract<CallersOrder, { do: 'start' }>

/** A token of this form that is another one in each request. */
export function anyToken(prefix: string, characters: number): string {
  return `*${prefix}*${characters}`
}

export interface CallStream {
  /** What was answered so far, from the `from`-th on. */
  look(from?: number): Promise<readonly CallRecord[]>
  stop(): Promise<readonly CallRecord[]>
}

type Place = { readonly port: number }

/** Callers in another process. */
export class Callers {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #orders = 0
  #streams = 0

  constructor() {
    this.#child = fork(join(repository, 'test/faults/callers-process.ts'), { serialization: 'advanced', execArgv: [] })
    this.#child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error !== undefined) waiting?.reject(new Error(error))
      else waiting?.resolve(value)
    })
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the callers are gone'))
    })
  }

  /** Opens `each` connections to every node, so that `fire` measures no connecting. */
  async open(nodes: readonly Place[], each: number): Promise<void> {
    await this.#order({ do: 'open', ports: nodes.map(({ port }) => port), each })
  }

  /** `each` callers at every node ask at once, one request each; the tokens are dealt out in turn. */
  async fire(nodes: readonly Place[], each: number, ...tokens: readonly string[]): Promise<CallRecord[]> {
    return (await this.#order({ do: 'fire', ports: nodes.map(({ port }) => port), each, tokens })) as CallRecord[]
  }

  /** `each` callers at every node ask again and again, each `pauseMs` after its last answer. */
  stream(nodes: readonly Place[], each: number, pauseMs: number, ...tokens: readonly string[]): Promise<CallStream> {
    return this.#stream({ ports: nodes.map(({ port }) => port), each, tokens, pauseMs, spread: false })
  }

  /** The same from as many addresses as there are requests, as a proxy in front of the node would tell it. */
  flood(nodes: readonly Place[], each: number, token: string): Promise<CallStream> {
    return this.#stream({ ports: nodes.map(({ port }) => port), each, tokens: [token], pauseMs: 0, spread: true })
  }

  async #stream(how: Omit<CallsOrder, 'do' | 'stream'>): Promise<CallStream> {
    const stream = ++this.#streams
    await this.#order({ do: 'start', stream, ...how })
    return {
      look: async (from = 0) => (await this.#order({ do: 'look', stream, from })) as CallRecord[],
      stop: async () => (await this.#order({ do: 'stop', stream, from: 0 })) as CallRecord[],
    }
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #order(order: CallersOrder): Promise<unknown> {
    const id = ++this.#orders
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, order }, (error) => error && reject(error))
    })
  }
}
