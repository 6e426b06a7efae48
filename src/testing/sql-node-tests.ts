import { expect, test } from 'vitest'
import { type MakePlace, migrated } from './sql-fixture.ts'

const node = (id: string, leaseMs = 1000, graceMs = 4000) => ({ id, name: `node ${id}`, leaseMs, graceMs })

/** Membership. Time passes by moving what stands in the table into the past. */
export function sqlNodeTests(make: MakePlace): void {
  test('a node stands listed with its bound, and its sequence only rises', async () => {
    const { db } = await migrated(make)
    const { head } = await db.changeLog.snapshot(60_000, 10)
    await db.changeLog.fork(head.seq)
    const { head: later } = await db.changeLog.snapshot(60_000, 10)
    await db.nodes.register(node('a'), 0)
    await db.nodes.confirm('a', later)
    await db.nodes.confirm('a', head)
    const [listed] = await db.nodes.list()
    expect(listed).toMatchObject({ id: 'a', boundMs: 5000, appliedSeq: later.seq, leftAtMs: null })
    expect(Math.abs((listed?.seenAtMs ?? 0) - Date.now())).toBeLessThan(60_000)
  })

  test('a position that does not stand in the log confirms nothing: it is of a history that was lost', async () => {
    const { db } = await migrated(make)
    const { head } = await db.changeLog.snapshot(60_000, 10)
    await db.nodes.register(node('a'), 0)
    await db.nodes.confirm('a', { seq: head.seq, mark: 'lost0000' })
    await db.nodes.confirm('a', { seq: head.seq + 5, mark: head.mark })
    expect(await db.nodes.list()).toMatchObject([{ id: 'a', appliedSeq: 0 }])
  })

  test('to confirm is a sign of life', async () => {
    const { db, place } = await migrated(make)
    await db.nodes.register(node('a'), 0)
    await place.run('update nodes set seen_at_ms = seen_at_ms - 100000')
    await db.nodes.confirm('a', { seq: 1, mark: 'any00000' })
    expect(await db.nodes.reap(0)).toEqual([])
  })

  test('a node that left or is unknown cannot confirm, and comes back by registering', async () => {
    const { db } = await migrated(make)
    await db.nodes.register(node('a'), 7)
    await db.nodes.leave('a')
    await expect(db.nodes.confirm('a', { seq: 8, mark: 'any00000' })).rejects.toMatchObject({
      code: 'store.unavailable',
    })
    await expect(db.nodes.confirm('b', { seq: 8, mark: 'any00000' })).rejects.toMatchObject({
      code: 'store.unavailable',
    })
    await db.nodes.register(node('a', 2000, 0), 4)
    expect(await db.nodes.list()).toMatchObject([{ id: 'a', boundMs: 2000, appliedSeq: 4, leftAtMs: null }])
  })

  test('nobody waits for a node that stopped cleanly', async () => {
    const { db } = await migrated(make)
    for (const id of ['a', 'b']) await db.nodes.register(node(id), 0)
    await db.nodes.leave('a')
    expect((await db.nodes.list()).map(({ id }) => id)).toEqual(['b'])
    expect((await db.changeLog.read('a', 0, 1)).registered).toBe(false)
  })

  test('a node that was struck off counts for twice its bound', async () => {
    const { db, place } = await migrated(make)
    await db.nodes.register(node('a'), 0)
    await place.run('update nodes set seen_at_ms = seen_at_ms - 5001')
    expect(await db.nodes.reap(0)).toEqual(['a'])
    await place.run('update nodes set left_at_ms = left_at_ms - 8000')
    expect((await db.nodes.list()).map(({ id }) => id)).toEqual(['a'])
    await place.run('update nodes set left_at_ms = left_at_ms - 2001')
    expect(await db.nodes.list()).toEqual([])
  })

  test('who was silent for longer than bound and margin is marked as left, and nobody else', async () => {
    const { db, place } = await migrated(make)
    for (const id of ['live', 'quiet', 'dead']) await db.nodes.register(node(id), 0)
    await place.run("update nodes set seen_at_ms = seen_at_ms - 5500 where id = 'quiet'")
    await place.run("update nodes set seen_at_ms = seen_at_ms - 7001 where id = 'dead'")
    expect(await db.nodes.reap(2000)).toEqual(['dead'])
    expect(await db.nodes.reap(2000)).toEqual([])
    const left = (await db.nodes.list()).filter(({ leftAtMs }) => leftAtMs !== null).map(({ id }) => id)
    expect(left).toEqual(['dead'])
    expect((await db.changeLog.read('dead', 0, 1)).registered).toBe(false)
    expect((await db.changeLog.read('quiet', 0, 1)).registered).toBe(true)
  })

  test('nodes long gone are forgotten', async () => {
    const { db, place } = await migrated(make)
    for (const id of ['old', 'new']) await db.nodes.register(node(id), 0)
    await place.run('update nodes set seen_at_ms = seen_at_ms - 5001')
    await db.nodes.reap(0)
    await place.run("update nodes set left_at_ms = left_at_ms - 4000000 where id = 'old'")
    await db.nodes.reap(0)
    expect(await place.run('select id from nodes')).toMatchObject([{ id: 'new' }])
  })
}
