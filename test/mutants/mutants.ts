/** One edit: `find` must stand exactly once in the file. */
export interface Edit {
  /** Below `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A mistake that somebody could make, and the guard that it takes out. */
export interface Mutant {
  readonly name: string
  /** What the guard is for, in one sentence. */
  readonly guards: string
  readonly edits: readonly Edit[]
  /** Why the mistake can do no harm in this design; absent where it must be caught. */
  readonly harmless?: string
}

export const mutants: readonly Mutant[] = [
  {
    name: 'no-token',
    guards: 'what was loaded is judged by the floors again, after the load',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: "    if (standing === 'outdated') return undefined\n    if (entry.terminal || readAfterAsked)",
        replace:
          "    if (standing === 'outdated' && tier === 'L1') return undefined\n    if (entry.terminal || readAfterAsked)",
      },
    ],
  },
  {
    name: 'lease-from-receipt',
    guards: 'the lease runs from the moment the beat was sent',
    edits: [
      {
        file: 'cache/follower.ts',
        find: 'this.#renew(sent, ',
        replace: 'this.#renew(o.lease.stamp(), ',
      },
    ],
  },
  {
    name: 'join-any',
    guards: 'who joins a flight that began before is judged as one who came later',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: "joined ? loaded.sentMono > startedMono : loaded.tier === 'L3'",
        replace: "loaded.tier === 'L3'",
      },
    ],
  },
  {
    name: 'stamp-at-store',
    guards: 'an entry carries the position at which SQL was read, not at which it is stored',
    edits: [
      {
        file: 'cache/loader.ts',
        find: "return this.#o.history.place(at) === 'mine' ? at.seq : -1",
        replace: "return this.#o.history.place(at) === 'mine' ? (this.#o.history.head?.seq ?? 0) : -1",
      },
    ],
  },
  {
    name: 'repeated-lease-id',
    guards: 'no two acquisitions of a fill lease share an id',
    edits: [
      {
        file: 'cache/shared-slots.ts',
        find: '    this.#leases++\n',
        replace: "    if (this.#leases === 0) return 'L1'\n    this.#leases++\n",
      },
    ],
  },
  {
    name: 'unlock-without-compare',
    guards: 'a slot is given back only by the one whose lease stands in it',
    edits: [
      {
        file: 'adapters/memory-tier.ts',
        find: 'if (!entry || tagOf(entry.state) !== expected) return false',
        replace: 'if (!entry || (next !== null && tagOf(entry.state) !== expected)) return false',
      },
    ],
  },
  {
    name: 'fill-without-compare',
    guards: 'a late fill changes nothing',
    edits: [
      {
        file: 'adapters/memory-tier.ts',
        find: 'if (!entry || tagOf(entry.state) !== expected) return false',
        replace: 'if (next === null && (!entry || tagOf(entry.state) !== expected)) return false',
      },
    ],
  },
  {
    name: 'error-as-absence',
    guards: 'a failing query is never an answer',
    edits: [
      {
        file: 'cache/loader.ts',
        find: '      throw cause\n',
        replace:
          "      const entry = this.entry(slot, this.#o.history.head ?? { seq: 0, mark: '' }, null, sentMono)\n      return { entry, tier: 'L3', sentMono }\n",
      },
    ],
  },
  {
    name: 'wall-clock-lease',
    guards: 'a lease is measured on the monotonic clock',
    edits: [
      {
        file: 'cache/lease.ts',
        find: '    const mono = this.#clock.mono()\n    return { mono, ',
        replace: '    const mono = this.#clock.mono()\n    return { mono: this.#clock.wall(), ',
      },
      {
        file: 'cache/lease.ts',
        find: 'const elapsed = nowMono - this.#sentMono\n    return elapsed + this.#look(nowMono, nowWall) - this.#sentRanAhead',
        replace: 'return nowWall - this.#sentMono',
      },
    ],
  },
  {
    name: 'suspension-unseen',
    guards: 'wall time that ran ahead of a suspended machine counts as elapsed',
    edits: [
      {
        file: 'cache/lease.ts',
        find: 'return elapsed + this.#look(nowMono, nowWall) - this.#sentRanAhead',
        replace: 'return elapsed + 0 * this.#look(nowMono, nowWall)',
      },
    ],
  },
  {
    name: 'horizon-ignores-flights',
    guards: 'the horizon refuses also what was under way when it rose',
    edits: [
      {
        file: 'cache/floors.ts',
        find: "if (seq < this.#horizon) return 'outdated'",
        replace: "if (seq < 0) return 'outdated'",
      },
    ],
  },
  {
    name: 'lease-before-await',
    guards: 'the lease is looked at after the last await',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: '      const flown = await this.#load(key, slot, deadline)\n',
        replace: '      const live = this.#lease.isLive()\n      const flown = await this.#load(key, slot, deadline)\n',
      },
      {
        file: 'cache/tiered-cache.ts',
        find: "joined ? loaded.sentMono > startedMono : loaded.tier === 'L3'",
        replace: "live || (joined ? loaded.sentMono > startedMono : loaded.tier === 'L3')",
      },
    ],
  },
  {
    name: 'no-mark-in-log',
    guards: 'a node notices that its last row is another one after a failover',
    edits: [
      {
        file: 'cache/follower.ts',
        find: 'if (row.seq !== from.seq || row.mark !== from.mark) return false',
        replace: 'if (row.seq !== from.seq) return false',
      },
      {
        file: 'cache/follower.ts',
        find: 'else if (row.previousMark !== previous.mark || row.seq <= previous.seq)',
        replace: 'else if (row.seq <= previous.seq)',
      },
    ],
  },
  {
    name: 'no-mark-in-tier',
    guards: 'an entry of a lost history is not placed on the present one',
    edits: [
      {
        file: 'cache/history.ts',
        find: "this.#marks.get(at.seq) === at.mark ? 'mine' : 'unknown'",
        replace: "this.#marks.has(at.seq) ? 'mine' : 'unknown'",
      },
    ],
  },
  {
    name: 'kept-beyond-position',
    guards: 'what lies beyond the applied position is not kept: SQL may lose it again',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: 'if (passing) this.#keepInPassing(key, entry)\n    else if (entry.value',
        replace: 'if (entry.value',
      },
    ],
  },
  {
    name: 'no-registration',
    guards: 'a node is registered before its first lease',
    edits: [
      {
        file: 'cache/follower.ts',
        find: 'await o.registry.register(o.node, 0)\n    const snapshot',
        replace: 'const snapshot',
      },
      { file: 'cache/follower.ts', find: 'if (!answer.registered) {', replace: 'if (answer.rows.length < 0) {' },
    ],
  },
  {
    name: 'grace-for-absence',
    guards: 'absence is never served in grace',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: 'if (entry.value === null || tooOld || ',
        replace: 'if (tooOld || ',
      },
    ],
  },
  {
    name: 'lifetimes-add-up',
    guards: 'an entry from the shared tier lives on from its SQL read',
    edits: [
      {
        file: 'cache/loader.ts',
        find: 'askedMono - Math.max(0, life - ttlMs))',
        replace: 'askedMono)',
      },
      {
        file: 'cache/loader.ts',
        find: 'Math.min(fresh.freshUntil, Math.floor(askedMono + ttlMs))',
        replace: 'fresh.freshUntil',
      },
    ],
  },
  {
    name: 'push-as-proof',
    guards: 'a message only says that there may be something to read',
    edits: [
      {
        file: 'cache/follower.ts',
        find: 'if ((this.position?.seq ?? -1) < seq) await this.beat()',
        replace:
          'if ((this.position?.seq ?? -1) < seq) await this.beat()\n    else this.#o.lease.renew(this.#o.lease.stamp())',
      },
    ],
  },
  {
    name: 'receipt-at-once',
    guards: 'a receipt is complete only when every node has confirmed, or can accept no more',
    edits: [
      {
        file: 'cache/receipts.ts',
        find: 'passedMs >= node.boundMs',
        replace: 'passedMs >= 0',
      },
    ],
  },
  {
    name: 'receipt-without-grace',
    guards: 'a silent node is waited for until its grace has ended too',
    edits: [
      {
        file: 'cache/receipts.ts',
        find: 'passedMs >= node.boundMs',
        replace: 'passedMs >= node.boundMs / 2',
      },
    ],
  },
  {
    name: 'confirm-before-apply',
    guards: 'a node confirms what it has applied, not what it has read',
    edits: [
      {
        file: 'cache/follower.ts',
        find: 'for (const row of rows) for (const subject of row.subjects) this.#o.floors.raise(subject, row.seq, row.terminal)',
        replace:
          'for (const row of rows.slice(1)) for (const subject of row.subjects) this.#o.floors.raise(subject, row.seq, row.terminal)',
      },
    ],
  },
  {
    name: 'delete-in-place-of-terminal',
    guards: 'a revocation writes a terminal state into the slot',
    harmless: 'whatever the shared tier gives is judged by floors that come from SQL',
    edits: [
      {
        file: 'adapters/memory-tier.ts',
        find: 'if (!entry || supersedes(state, entry.state)) put(slot, state, ttlMs)',
        replace: 'entries.delete(slot)',
      },
    ],
  },
  {
    name: 'receipt-of-lost-history',
    guards: 'what a node said of a history that SQL has lost counts for no receipt',
    edits: [
      {
        file: 'cache/receipts.ts',
        find: "if (history.place(change) !== 'mine') return",
        replace: '',
      },
      {
        file: 'cache/receipts.ts',
        find: "if (history.place(at) === 'mine') say(id, at.seq)",
        replace: 'say(id, at.seq)',
      },
    ],
  },
]
