/** One thing that a promise rests on, and how the source reads without it. */
export interface Guard {
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
  /** What must be seen to fail then. */
  readonly holds: string
}

/** Once held, it never ends. */
const eternalLease = {
  file: 'cache/lease.ts',
  find: '  elapsed(nowMono: number',
  replace: `  elapsed(_nowMono: number, _nowWall = 0): number {
    return this.#sentMono > 0 ? 0 : Number.POSITIVE_INFINITY
  }

  unused(nowMono: number`,
}

/** The guards that the fault tests take out, one at a time, to see that they would notice. */
export const guards = {
  'fill lease': {
    holds: 'one query for all nodes',
    edits: [
      {
        file: 'cache/loader.ts',
        find: `    const right = await this.#fromSharedTier(slot, deadline, signal)
`,
        replace: `    const right = (await this.#fromSharedTier(slot, 0 * deadline, signal).catch(() => undefined)) as FillRight | undefined
    if (right) return await this.#fromSource(slot, undefined, signal, 'load')
`,
      },
    ],
  },
  'single flight': {
    holds: 'one query per node while Redis is away',
    edits: [
      {
        file: 'cache/flights.ts',
        find: 'if (present) return { flight: present, joined: true }',
        replace: 'void present',
      },
    ],
  },
  'keyed tag': {
    holds: 'forged keys ask nobody',
    edits: [
      {
        file: 'gateway/recognise.ts',
        find: "if (generation === undefined) return { kind: 'refused', reason: 'NOT_FOUND' }",
        replace: "if (generation === undefined) return { kind: 'native', slot: peppers.digest(peppers.first, hash) }",
      },
    ],
  },
  'foreign allowance and bulkhead': {
    holds: 'a flood of unknown foreign tokens gets a share of SQL only',
    edits: [
      {
        file: 'gateway/foreign-admission.ts',
        find: '  return {\n    async admit(',
        replace: '  return {\n    admit: async (_peer, _second, read) => await read(),\n    async unused(',
      },
    ],
  },
  'floors of absence': {
    holds: 'what was imported elsewhere is accepted',
    edits: [
      {
        file: 'cache/loader.ts',
        find: 'subjects: value === null ? [absence, absenceOf(slot)] : o.codec.subjects(value),',
        replace: 'subjects: value === null ? [] : o.codec.subjects(value),',
      },
    ],
  },
  'cached absence': {
    holds: 'one query per unknown key and absence period',
    edits: [
      {
        file: 'cache/loader.ts',
        find: `    const life = value === null ? o.absentMs : o.positiveMs
    const freshUntil`,
        replace: `    const life = value === null ? 0 : o.positiveMs
    const freshUntil`,
      },
      {
        file: 'cache/loader.ts',
        find: "const life = state.kind === 'absent' ? this.#o.absentMs : this.#o.positiveMs",
        replace: "const life = state.kind === 'absent' ? 1 : this.#o.positiveMs",
      },
    ],
  },
  'compare-and-set of fills': {
    holds: 'a late fill changes nothing in the shared tier',
    edits: [
      {
        file: 'adapters/redis-scripts.ts',
        find: "if redis.pcall('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end\n",
        replace: '',
      },
    ],
  },
  'floors from the log': {
    holds: 'what was read before a revocation is not believed after it',
    edits: [
      {
        file: 'cache/follower.ts',
        find: '    for (const row of rows) for (const subject of row.subjects) this.#o.floors.raise(subject, row.seq, row.terminal)\n',
        replace: '',
      },
    ],
  },
  'beats and lease': {
    holds: 'a node that hears nothing reads the log',
    edits: [
      eternalLease,
      {
        file: 'cache/follower.ts',
        find: '    if (this.#stopped) return\n    this.#cancelTimer',
        replace: '    if (this.#o) return\n    this.#cancelTimer',
      },
    ],
  },
  lease: { holds: 'a node that is cut off stops accepting', edits: [eternalLease] },
  'judging of hits': {
    holds: 'a hot key is judged on every hit',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: 'if (entry.revision !== this.#floors.revision && !this.#stillStands(entry)) return undefined',
        replace: 'void this.#stillStands',
      },
    ],
  },
  'fixed lifetime': {
    holds: 'a hit prolongs nothing',
    edits: [
      {
        file: 'cache/tiered-cache.ts',
        find: '    if (!entry.used) entry.used = true\n',
        replace:
          '    Object.assign(entry, { used: true, freshUntil: this.#clock.mono() + 600_000, refreshFrom: Number.POSITIVE_INFINITY })\n',
      },
    ],
  },
  'owners as subjects': {
    holds: 'what hangs on a tenant or app is refused with it',
    edits: [
      {
        file: 'domain/subjects.ts',
        find: 'if (credential.tenantId !== null) subjects.push(tenantSubject(credential.tenantId))',
        replace: '',
      },
      {
        file: 'domain/subjects.ts',
        find: 'if (credential.appId !== null) subjects.push(appSubject(credential.appId))',
        replace: '',
      },
    ],
  },
  'monotonic time': {
    holds: 'a step of the wall clock prolongs no lease',
    edits: [{ file: 'kernel/clock.ts', find: 'mono: () => performance.now()', replace: 'mono: () => Date.now()' }],
  },
  'idempotency of rotation': {
    holds: 'a repeated rotation gives the same secret',
    edits: [
      {
        file: 'authority/rotate-key.ts',
        find: 'if (idempotencyKey === undefined) return',
        replace: 'if (idempotencyKey !== null) return',
      },
    ],
  },
  floors: {
    holds: 'what a failover of Redis brings back is judged by its position',
    edits: [
      {
        file: 'cache/floors.ts',
        find: '  standing(subjects: readonly string[], seq: number): Standing {\n',
        replace:
          "  standing(subjects: readonly string[], seq: number): Standing {\n    if (seq !== Number.NaN) return 'stands'\n",
      },
    ],
  },
} as const satisfies Record<string, Guard>

export type GuardName = keyof typeof guards
