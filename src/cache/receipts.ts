import { type Clock, sleep } from '../kernel/clock.ts'
import type { Position } from './change-log.ts'
import type { Follower } from './follower.ts'
import type { History } from './history.ts'
import { decodeMessage, encodeMessage, type NodeMessage } from './node-messages.ts'
import type { NodeRegistry, RegisteredNode } from './node-registry.ts'
import { type Seal, signed, verified } from './seal.ts'
import type { Push } from './shared-tier.ts'

/** What a revocation can promise, and what it knows already. */
export interface Receipt {
  /** Position in the log. */
  readonly revision: number
  readonly committedAtMs: number
  /** From this wall time on no node accepts, whatever fails: the slowest registered node's lease and grace have ended. */
  readonly refusedEverywhereByMs: number
  /** Every node that may still hold a lease, and when it confirmed; `null`: not yet. */
  readonly nodes: readonly { readonly id: string; readonly confirmedAfterMs: number | null }[]
  /** All have confirmed, or their bound has passed. */
  readonly complete: boolean
}

export interface ReceiptsOptions {
  readonly clock: Clock
  readonly registry: NodeRegistry
  readonly push: Push
  readonly follower: Follower
  /** That of the follower. */
  readonly history: History
  readonly nodeId: string
  /** Signs what nodes say, so that nobody else can say that a node has confirmed. */
  readonly seal?: Seal
  /** How often SQL is asked while messages are awaited, ms. */
  readonly pollMs?: number
}

export interface Committed extends Position {
  readonly committedAtMs: number
  /** Monotonic reading of the moment the commit was known here. */
  readonly knownMono: number
}

/** Announces changes and collects what the nodes say of them. */
export class Receipts {
  readonly #o: ReceiptsOptions
  readonly #heard = new Map<string, Position>()
  readonly #waiting = new Set<() => void>()
  #unsubscribe: () => void = () => {}

  constructor(options: ReceiptsOptions) {
    this.#o = options
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#o.push.subscribe((text) => this.#hear(text))
  }

  stop(): void {
    this.#unsubscribe()
    this.#heard.clear()
  }

  /** Tells the other nodes that there is something to read, and `asks` for their word; this node reads at once. */
  async announce(seq: number, asks = false): Promise<void> {
    await Promise.allSettled([this.#say({ kind: 'changed', seq, asks }), this.#o.follower.catchUp(seq)])
  }

  /** The nodes that a receipt must count, if asked after the commit: who registers later reads the log before its lease. */
  nodes(): Promise<readonly RegisteredNode[]> {
    return this.#o.registry.list()
  }

  /** Waits for confirmations until `timeoutMs` after now; 0 answers with what is known. */
  async receipt(change: Committed, timeoutMs: number, counted = this.nodes()): Promise<Receipt> {
    const { clock } = this.#o
    const nodes = await counted
    const confirmed = new Map<string, number>()
    const until = clock.mono() + timeoutMs
    // Once the nodes are known, SQL that does not answer only leaves the receipt open.
    for (let listed = nodes; ; listed = await this.#o.registry.list().catch(() => [])) {
      this.#note(listed, change, confirmed)
      if (this.#isComplete(nodes, change, confirmed)) break
      const left = until - clock.mono()
      if (left <= 0) break
      const pauseMs = Math.min(left, this.#o.pollMs ?? 100, this.#nextBoundMs(nodes, change, confirmed))
      await this.#pause(pauseMs, nodes, change, confirmed)
    }
    const boundMs = Math.max(0, ...nodes.map((node) => node.boundMs))
    return {
      revision: change.seq,
      committedAtMs: change.committedAtMs,
      refusedEverywhereByMs: change.committedAtMs + boundMs,
      nodes: nodes.map(({ id }) => ({ id, confirmedAfterMs: confirmed.get(id) ?? null })),
      complete: this.#isComplete(nodes, change, confirmed),
    }
  }

  /** Until `ms` have passed, or everything there is to hear has been heard. */
  async #pause(ms: number, nodes: readonly RegisteredNode[], change: Committed, confirmed: Map<string, number>) {
    const enough = new AbortController()
    const look = () => {
      this.#note([], change, confirmed)
      if (this.#isComplete(nodes, change, confirmed)) enough.abort()
    }
    this.#waiting.add(look)
    await sleep(this.#o.clock, ms, enough.signal).catch(() => {})
    this.#waiting.delete(look)
  }

  #note(listed: readonly RegisteredNode[], change: Committed, confirmed: Map<string, number>): void {
    const tookMs = Math.max(0, this.#o.clock.mono() - change.knownMono)
    const say = (id: string, seq: number) => {
      if (seq >= change.seq && !confirmed.has(id)) confirmed.set(id, tookMs)
    }
    for (const node of listed) say(node.id, node.appliedSeq)
    // Numbers that were only heard may be of a history that SQL has lost: those that lie on one line with the change count.
    const { history } = this.#o
    if (history.place(change) !== 'mine') return
    for (const [id, at] of this.#heard) if (history.place(at) === 'mine') say(id, at.seq)
    say(this.#o.nodeId, history.head?.seq ?? -1)
  }

  /** Until the bound of a node that has not confirmed passes. */
  #nextBoundMs(nodes: readonly RegisteredNode[], change: Committed, confirmed: Map<string, number>): number {
    const passedMs = this.#o.clock.mono() - change.knownMono
    const silent = nodes.filter((node) => !confirmed.has(node.id) && node.boundMs > passedMs)
    return Math.min(...silent.map((node) => node.boundMs - passedMs))
  }

  #isComplete(nodes: readonly RegisteredNode[], change: Committed, confirmed: Map<string, number>): boolean {
    const passedMs = this.#o.clock.mono() - change.knownMono
    return nodes.every((node) => confirmed.has(node.id) || passedMs >= node.boundMs)
  }

  #look(): void {
    for (const look of [...this.#waiting]) look()
  }

  /** Reads on, and gives the word that is asked for: a node that could not read on has none to give. */
  async #readOn(seq: number, asks: boolean): Promise<void> {
    const { follower, history, nodeId } = this.#o
    await follower.catchUp(seq)
    const at = history.head
    if (asks && at && at.seq >= seq) await this.#say({ kind: 'applied', nodeId, at })
  }

  #say(message: NodeMessage): Promise<void> {
    return this.#o.push.publish(signed(this.#o.seal, encodeMessage(message)))
  }

  #hear(text: string): void {
    const message = decodeMessage(verified(this.#o.seal, text) ?? '')
    // What fails here is found out by the next beat, and read from the node's row by who waits.
    if (message?.kind === 'changed') this.#readOn(message.seq, message.asks).catch(() => {})
    if (message?.kind !== 'applied') return
    const before = this.#heard.get(message.nodeId)
    const overtaken = before && before.seq > message.at.seq && this.#o.history.place(before) === 'mine'
    if (!overtaken) this.#heard.set(message.nodeId, message.at)
    if (this.#heard.size > 10_000) this.#heard.clear()
    this.#look()
    // Who waits and is behind the one who spoke must read on before the word can count.
    if (this.#waiting.size === 0) return
    this.#o.follower.catchUp(message.at.seq).then(
      () => this.#look(),
      () => {},
    )
  }
}
