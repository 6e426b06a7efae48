import type { LogRead, LogRow, LogSnapshot, Position } from '../cache/change-log.ts'
import type { NodeRegistration, RegisteredNode } from '../cache/node-registry.ts'

/** What one transaction writes beside the row of the log. */
export interface SimulatedChange {
  readonly subjects: readonly string[]
  readonly terminal?: boolean
  readonly restricts: boolean
}

interface Logged extends LogRow {
  readonly atMs: number
}

interface NodeRow extends NodeRegistration {
  readonly appliedSeq: number
  readonly seenAtMs: number
  readonly leftAtMs: number | null
}

/** All that stands in SQL. Never changed, only replaced: so any earlier state can come back. */
interface State<R> {
  readonly rows: Readonly<Record<string, R>>
  readonly log: readonly Logged[]
  readonly floors: Readonly<Record<string, { readonly seq: number; readonly terminal: boolean }>>
  readonly nodes: Readonly<Record<string, NodeRow>>
}

/**
 * A SQL primary in memory: rows, log, floors and membership in one state, each method one transaction. A failover puts
 * an earlier state back and forgets the commits after it, as a replica does that lagged behind.
 */
export class SimulatedSql<R> {
  readonly #nowMs: () => number
  readonly #random: () => number
  #state: State<R>
  #history: State<R>[] = []

  constructor(nowMs: () => number, random: () => number, rows: Readonly<Record<string, R>>) {
    this.#nowMs = nowMs
    this.#random = random
    const first = { subjects: [], previousMark: '', terminal: false, restricts: false }
    this.#state = { rows, log: [{ ...first, seq: 1, mark: this.#mark(), atMs: nowMs() }], floors: {}, nodes: {} }
    this.#history.push(this.#state)
  }

  get rows(): Readonly<Record<string, R>> {
    return this.#state.rows
  }

  get head(): Position {
    const { seq, mark } = this.#last
    return { seq, mark }
  }

  get commits(): number {
    return this.#history.length
  }

  commit(rows: Readonly<Record<string, R>>, change: SimulatedChange): Position {
    return this.#append(rows, change, this.#last.seq + 1)
  }

  fork(seenSeq: number): void {
    const { seq } = this.#last
    if (seq - seenSeq > 2 ** 31) return
    this.#append({}, { subjects: ['all'], restricts: true }, Math.max(seq, seenSeq) + 2 ** 32)
  }

  read(nodeId: string, fromSeq: number, limit: number): LogRead {
    const node = this.#state.nodes[nodeId]
    const rows = this.#state.log.filter((row) => row.seq >= fromSeq).slice(0, limit)
    return { registered: node !== undefined && node.leftAtMs === null, rows }
  }

  snapshot(windowMs: number, limit: number): LogSnapshot {
    const { log, floors } = this.#state
    const fromMs = this.#nowMs() - windowMs
    const out = log.filter((row) => row.atMs < fromMs).at(-1)?.seq ?? 0
    const within = log.filter((row) => row.seq >= out).slice(-limit)
    const horizon = within[0]?.seq ?? this.#last.seq
    return {
      head: this.head,
      horizon,
      floors: Object.entries(floors)
        .map(([subject, floor]) => ({ subject, ...floor }))
        .filter(({ seq }) => seq > horizon),
      positions: within.map(({ seq, mark }) => ({ seq, mark })),
    }
  }

  /** Rows from the head backwards that stay. */
  trim(keep: number): void {
    const log = this.#state.log.slice(-Math.max(1, keep))
    const horizon = log[0]?.seq ?? 0
    const floors = Object.fromEntries(Object.entries(this.#state.floors).filter(([, floor]) => floor.seq > horizon))
    this.#put({ ...this.#state, log, floors })
  }

  register(node: NodeRegistration, appliedSeq: number): void {
    this.#putNode({ ...node, appliedSeq, seenAtMs: this.#nowMs(), leftAtMs: null })
  }

  /** Throws when the node does not stand registered. */
  confirm(nodeId: string, { seq, mark }: Position): void {
    const node = this.#state.nodes[nodeId]
    if (!node || node.leftAtMs !== null) throw new Error(`node ${nodeId} stands not registered`)
    const stands = this.#state.log.some((row) => row.seq === seq && row.mark === mark)
    const appliedSeq = stands ? Math.max(seq, node.appliedSeq) : node.appliedSeq
    this.#putNode({ ...node, appliedSeq, seenAtMs: this.#nowMs() })
  }

  /** Its lease has ended, so nobody need wait for it: it goes at once. */
  leave(nodeId: string): void {
    const { [nodeId]: gone, ...nodes } = this.#state.nodes
    if (gone) this.#put({ ...this.#state, nodes })
  }

  list(): readonly RegisteredNode[] {
    const nodes = Object.values(this.#state.nodes).map((node) => ({ ...node, boundMs: node.leaseMs + node.graceMs }))
    return nodes.filter((node) => node.leftAtMs === null || node.leftAtMs + 2 * node.boundMs > this.#nowMs())
  }

  reap(marginMs: number): readonly string[] {
    const silent = Object.values(this.#state.nodes).filter(
      (node) => node.leftAtMs === null && node.seenAtMs + node.leaseMs + node.graceMs + marginMs < this.#nowMs(),
    )
    for (const node of silent) this.#putNode({ ...node, leftAtMs: this.#nowMs() })
    return silent.map(({ id }) => id)
  }

  /** The last `lost` changes were never replicated. Who is registered stays so: see the limits of the simulation. */
  failOver(lost: number): void {
    let at = this.#history.length - 1
    for (let left = lost; at > 0 && left >= 0; at--) {
      if (this.#history[at]?.log !== this.#history[at - 1]?.log && left-- === 0) break
    }
    const { nodes } = this.#state
    this.#history = this.#history.slice(0, at + 1)
    const earlier = this.#history[at] ?? this.#state
    const kept = Object.entries(nodes).map(([id, node]) => {
      const appliedSeq = Math.min(node.appliedSeq, earlier.nodes[id]?.appliedSeq ?? 0)
      return [id, { ...node, appliedSeq }] as const
    })
    this.#put({ ...earlier, nodes: Object.fromEntries(kept) })
  }

  get #last(): Logged {
    const last = this.#state.log.at(-1)
    if (!last) throw new Error('a log is never empty')
    return last
  }

  #append(rows: Readonly<Record<string, R>>, change: SimulatedChange, seq: number): Position {
    const { log, floors, nodes } = this.#state
    const { subjects, terminal = false, restricts } = change
    const row = { seq, mark: this.#mark(), previousMark: this.#last.mark, subjects, terminal, restricts }
    const raised = restricts ? subjects.map((subject) => [subject, this.#floor(subject, seq, terminal)] as const) : []
    this.#put({
      rows: { ...this.#state.rows, ...rows },
      log: [...log, { ...row, atMs: this.#nowMs() }],
      floors: { ...floors, ...Object.fromEntries(raised) },
      nodes,
    })
    return { seq, mark: row.mark }
  }

  #floor(subject: string, seq: number, terminal: boolean) {
    return { seq, terminal: terminal || this.#state.floors[subject]?.terminal === true }
  }

  #putNode(node: NodeRow): void {
    this.#put({ ...this.#state, nodes: { ...this.#state.nodes, [node.id]: node } })
  }

  #put(state: State<R>): void {
    this.#state = state
    this.#history.push(state)
  }

  #mark(): string {
    return Math.floor(this.#random() * 2 ** 40).toString(36)
  }
}
