import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRow, LogSnapshot } from '../cache/change-log.ts'
import { type Fixture, type MakePlace, markChange, migrated, openAt } from './sql-fixture.ts'

const node = { id: 'node-1', name: 'one', leaseMs: 1000, graceMs: 0 }

/** The change log: one sequence in commit order, whole snapshots, forks, trimming. */
export function sqlLogTests(make: MakePlace): void {
  test('twenty writers at once make one chain without a gap, and no reader ever sees one', async () => {
    const { db, place } = await migrated(make)
    const nodes = [db, await openAt(place), await openAt(place), await openAt(place)]
    await db.nodes.register(node, 0)
    const committed: number[] = []
    const writer = async (index: number) => {
      for (let round = 0; round < 5; round++) {
        const via = nodes[index % nodes.length] ?? db
        const subject = `key:${index}.${round}`
        const { position } = await via.store.write(async (tx) => {
          tx.mark({ subjects: [subject], restricts: round % 2 === 0 })
          if ((index + round) % 3 === 0) await tx.hadAdminKey()
        })
        committed.push(position?.seq ?? -1)
      }
    }
    let running = true
    const reading = Promise.all(nodes.map((via) => follow(via, () => running)))
    await Promise.all(Array.from({ length: 20 }, (_, index) => writer(index)))
    running = false
    const chains = await reading
    expect(committed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    for (const chain of chains) {
      expect(chain.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, index) => index))
      expect(broken(chain)).toEqual([])
    }
  })

  test('a transaction that rolls back uses up no number', async () => {
    const { db } = await migrated(make)
    const fail = db.store.write(async (tx) => {
      tx.mark({ subjects: ['all'], restricts: true })
      throw new Error('no')
    })
    await expect(fail).rejects.toThrow('no')
    expect((await markChange(db, ['key:1'])).seq).toBe(1)
    expect((await db.store.write(async () => 5)).position).toBeNull()
  })

  test('several marks become one row, except that what ends for good stands apart', async () => {
    const { db } = await migrated(make)
    await db.nodes.register(node, 0)
    const { position } = await db.store.write(async (tx) => {
      tx.mark({ subjects: ['key:1', 'app:1'], restricts: true })
      tx.mark({ subjects: ['key:1', 'tenant:1'], restricts: true })
      tx.mark({ subjects: ['key:2'], terminal: true, restricts: true })
    })
    const { rows } = await db.changeLog.read(node.id, 1, 10)
    expect(rows).toMatchObject([
      { seq: 1, subjects: ['key:1', 'app:1', 'tenant:1'], terminal: false, restricts: true },
      { seq: 2, subjects: ['key:2'], terminal: true, restricts: true },
    ])
    expect(position).toMatchObject({ seq: 2, mark: rows[1]?.mark })
  })

  test('a beat brings rows from the asked one on, at most the limit, and tells who stands registered', async () => {
    const { db } = await migrated(make)
    for (const id of ['1', '2', '3']) await markChange(db, [`key:${id}`])
    const read = async (from: number, limit: number) => {
      const { registered, rows } = await db.changeLog.read(node.id, from, limit)
      return { registered, seqs: rows.map(({ seq }) => seq) }
    }
    expect(await read(0, 2)).toEqual({ registered: false, seqs: [0, 1] })
    await db.nodes.register(node, 0)
    expect(await read(2, 10)).toEqual({ registered: true, seqs: [2, 3] })
    expect(await read(9, 10)).toEqual({ registered: true, seqs: [] })
    await db.nodes.leave(node.id)
    expect(await read(3, 10)).toEqual({ registered: false, seqs: [3] })
  })

  test('two databases are two histories from their first row', async () => {
    const marks = await Promise.all(
      [1, 2].map(async () => (await (await migrated(make)).db.changeLog.snapshot(1, 1)).head.mark),
    )
    expect(new Set(marks).size).toBe(2)
  })

  test('everything above the horizon of a snapshot is in it, whatever the limit, the window and the trimming', async () => {
    const fixture = await migrated(make)
    const model: Model = { floors: new Map(), positions: new Map(), terminal: new Set() }
    model.positions.set(0, (await fixture.db.changeLog.snapshot(1e6, 9)).head.mark)
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(9),
        fc.boolean(),
        async (changes, limit, aged, trim) => {
          for (const one of changes) await applyChange(fixture, model, one)
          await age(fixture, model, aged)
          if (trim) await fixture.db.changeLog.trim(50_000)
          checkSnapshot(await fixture.db.changeLog.snapshot(50_000, limit), model, limit)
          checkSnapshot(await fixture.db.changeLog.snapshot(10_000_000, 10_000), model, 10_000)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('a snapshot is of one moment, however many changes run', async () => {
    const { db, place } = await migrated(make)
    const other = await openAt(place)
    let running = true
    const snapshots: LogSnapshot[] = []
    const reading = (async () => {
      while (running) {
        snapshots.push(await other.changeLog.snapshot(60_000, 1000))
        await new Promise(setImmediate)
      }
    })()
    const writer = async (name: number) => {
      for (let round = 0; round < 15; round++) await markChange(db, [`key:${name}`, `key:${name}.${round}`])
    }
    await Promise.all([1, 2, 3, 4].map(writer))
    running = false
    await reading
    expect(snapshots.length).toBeGreaterThan(5)
    for (const { head, floors, positions } of snapshots) {
      expect(positions.map(({ seq }) => seq)).toEqual(Array.from({ length: head.seq + 1 }, (_, seq) => seq))
      expect(positions.at(-1)).toEqual(head)
      expect(new Set(floors.map(({ seq }) => seq)).size).toBe(head.seq)
    }
  })

  test('the horizon rises only as far as the limit needs', async () => {
    const { db } = await migrated(make)
    await markChange(db, ['key:1', 'key:2', 'key:3'])
    await markChange(db, ['key:4'])
    const horizon = async (limit: number) => (await db.changeLog.snapshot(60_000, limit)).horizon
    expect(await Promise.all([4, 3, 2, 1].map(horizon))).toEqual([0, 1, 1, 2])
  })

  test('trimming keeps the head, and what is younger than the window', async () => {
    const { db, place } = await migrated(make)
    for (const id of ['1', '2', '3']) await markChange(db, [`key:${id}`])
    await place.run('update change_log set at_ms = at_ms - 100000 where seq <= 2')
    expect(await db.changeLog.trim(50_000)).toBe(2)
    expect((await db.changeLog.read('x', 0, 10)).rows.map(({ seq }) => seq)).toEqual([2, 3])
    await place.run('update change_log set at_ms = at_ms - 100000')
    await db.changeLog.trim(50_000)
    const { head, horizon, floors, positions } = await db.changeLog.snapshot(50_000, 10)
    expect({ head: head.seq, horizon, floors, positions }).toEqual({
      head: 3,
      horizon: 3,
      floors: [],
      positions: [head],
    })
    expect((await markChange(db, ['key:4'])).seq).toBe(4)
  })

  test('floors of a snapshot come in the order of the log, and the newest of a subject only', async () => {
    const { db } = await migrated(make)
    for (const subjects of [['key:9', 'key:1'], ['key:5'], ['key:1']]) await markChange(db, subjects)
    const { floors } = await db.changeLog.snapshot(60_000, 10)
    expect(floors.map(({ subject, seq }) => `${seq} ${subject}`)).toEqual(['1 key:9', '2 key:5', '3 key:1'])
  })

  test('a change over thousands of subjects, some of them named twice, is one row and as many floors', async () => {
    const { db } = await migrated(make)
    const subjects = Array.from({ length: 3000 }, (_, index) => `key:"${index % 2000}',{}`)
    await markChange(db, subjects, true)
    await markChange(db, subjects.slice(0, 5))
    const { floors } = await db.changeLog.snapshot(60_000, 10_000)
    expect(floors).toHaveLength(2000)
    expect(floors.every(({ terminal }) => terminal)).toBe(true)
    expect(floors.filter(({ seq }) => seq === 2)).toHaveLength(5)
  })

  test('a log of thousands of rows is trimmed to the window, floors with it', async () => {
    const { db, place } = await migrated(make)
    await place.run(`insert into change_log (seq, mark, previous_mark, subjects_json, terminal, restricts, at_ms)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < 2500)
      select i, 'm' || i, 'm' || (i - 1), '[]', 0, 1, 1 from n`)
    await place.run('insert into floors (subject, seq, terminal, at_ms) select mark, seq, 0, 1 from change_log')
    await place.run("update log_head set seq = 2500, mark = 'm2500', previous_mark = 'm2499'")
    await markChange(db, ['key:1'])
    expect(await db.changeLog.trim(50_000)).toBe(2500)
    const { horizon, floors, positions } = await db.changeLog.snapshot(1e12, 10_000)
    expect({ horizon, floors: floors.length, positions: positions.length }).toEqual({
      ...{ horizon: 2500, floors: 1, positions: 2 },
    })
    expect(await place.run('select subject from floors')).toEqual([{ subject: 'key:1' }])
    expect(await db.changeLog.trim(50_000)).toBe(0)
  })

  test('a fork lies 2^32 above both histories, touches all, and happens once however many tell', async () => {
    const { db, place } = await migrated(make)
    const other = await openAt(place)
    await db.nodes.register(node, 0)
    const before = await markChange(db, ['key:1'])
    await Promise.all([500, 500, 480].map((seen, index) => (index % 2 ? other : db).changeLog.fork(seen)))
    const { rows } = await db.changeLog.read(node.id, 2, 10)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ subjects: ['all'], restricts: true, terminal: false, previousMark: before.mark })
    const seq = rows[0]?.seq ?? 0
    expect([500 + 2 ** 32, 480 + 2 ** 32]).toContain(seq)
    expect((await db.changeLog.snapshot(60_000, 10)).floors).toContainEqual({ subject: 'all', seq, terminal: false })
    expect((await markChange(db, ['key:2'])).seq).toBe(seq + 1)
    await db.changeLog.fork(seq + 10)
    expect((await db.changeLog.snapshot(60_000, 10)).head.seq).toBe(seq + 10 + 2 ** 32)
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 52]) await expect(db.changeLog.fork(bad)).rejects.toThrow()
  })
}

interface Model {
  readonly floors: Map<string, number>
  readonly terminal: Set<string>
  readonly positions: Map<number, string>
}

const change = fc.record({
  subjects: fc.uniqueArray(fc.constantFrom('key:1', 'key:2', 'tenant:1', 'all', 'app:1', 'key:3'), {
    minLength: 1,
    maxLength: 4,
  }),
  terminal: fc.boolean(),
  restricts: fc.boolean(),
})

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

async function applyChange({ db }: Fixture, model: Model, { subjects, terminal, restricts }: Change): Promise<void> {
  const { seq, mark } = await markChange(db, subjects, terminal, restricts)
  model.positions.set(seq, mark)
  if (!restricts) return
  for (const subject of subjects) {
    model.floors.set(subject, seq)
    if (terminal) model.terminal.add(subject)
  }
}

/** Makes all but the newest `young` rows older than the window. */
async function age({ place }: Fixture, model: Model, young: number): Promise<void> {
  const newest = Math.max(...model.positions.keys())
  await place.run(`update change_log set at_ms = at_ms - 100000 where seq < ${newest - young} and at_ms > 100000`)
}

function checkSnapshot({ head, horizon, floors, positions }: LogSnapshot, model: Model, limit: number): void {
  expect(horizon).toBeLessThanOrEqual(head.seq)
  expect(floors.length).toBeLessThanOrEqual(limit)
  expect(positions.length).toBeLessThanOrEqual(limit)
  const above = [...model.floors].filter(([, seq]) => seq > horizon)
  const terminal = (subject: string) => model.terminal.has(subject)
  expect(new Set(floors.map(({ subject, seq }) => `${subject} ${seq}`))).toEqual(
    new Set(above.map(([subject, seq]) => `${subject} ${seq}`)),
  )
  // Trimming may forget that a floor was terminal only together with the floor.
  for (const floor of floors) if (floor.terminal) expect(terminal(floor.subject)).toBe(true)
  const from = [...model.positions].filter(([seq]) => seq >= horizon).sort(([a], [b]) => a - b)
  expect(positions).toEqual(from.map(([seq, mark]) => ({ seq, mark })))
  expect(head).toEqual(positions.at(-1))
}

/** Reads as a node does, from its last row on, until nothing more is written; throws at the first gap. */
async function follow(db: Fixture['db'], isRunning: () => boolean): Promise<readonly LogRow[]> {
  const chain = [...(await db.changeLog.read(node.id, 0, 1)).rows]
  for (;;) {
    const wasRunning = isRunning()
    const last = chain.at(-1)
    const { rows } = await db.changeLog.read(node.id, last?.seq ?? 0, 7)
    if (rows[0]?.mark !== last?.mark) throw new Error(`The row ${last?.seq} is not what it was`)
    chain.push(...rows.slice(1))
    const gap = broken(chain)
    if (gap.length > 0) throw new Error(`Row ${gap[0]?.seq} does not follow the one before it`)
    if (!wasRunning && rows.length === 1) return chain
    await new Promise(setImmediate)
  }
}

const broken = (chain: readonly LogRow[]) =>
  chain.filter((row, index) => {
    const before = chain[index - 1]
    return before !== undefined && (row.previousMark !== before.mark || row.seq !== before.seq + 1)
  })
