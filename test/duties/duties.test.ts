import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/adapters/sql-database.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { startDuties } from '../../src/runtime-duties.ts'
import type { NodeEvent } from '../../src/runtime-node.ts'
import { settingsFrom } from '../../src/settings.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

const minute = 60_000

/** `count` nodes on one database, which note what they do. */
async function nodes(count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-duties-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const url = `sqlite:${join(folder, 'gatehouse.db')}`
  const settings = settingsFrom({ databaseUrl: url })
  const clock = new VirtualClock()
  // The file is locked in real time, so whoever waits for it waits in real time; what is stored is of the clock that jumps.
  const storeClock: Clock = { ...systemClock, wall: () => clock.wall() }
  const done: string[] = []
  const events: NodeEvent[] = []
  const open = async () => {
    const db = await openDatabase({ url, poolSize: 4, clock: storeClock })
    onTestFinished(() => db.close())
    await db.migrate()
    const note = <A extends unknown[], R>(what: string, work: (...args: A) => Promise<R>) => {
      return (...args: A) => {
        done.push(what)
        return work(...args)
      }
    }
    return {
      ...db,
      changeLog: { ...db.changeLog, trim: note('trim', db.changeLog.trim) },
      nodes: { ...db.nodes, reap: note('reap', db.nodes.reap) },
      duties: { ...db.duties, trimAudit: note('audit', db.duties.trimAudit) },
    }
  }
  const all = await Promise.all(Array.from({ length: count }, open))
  const stops = all.map((db) => startDuties({ db }, settings, clock, (event) => events.push(event)))
  return {
    ...{ all, done, events },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 5_000) {
        await clock.advance(5_000)
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      }
    },
    stop: () => Promise.all(stops.map((stop) => stop())),
  }
}

test('ten nodes trim and strike off no more often than one would', async () => {
  const { done, events, pass, stop } = await nodes(10)
  await pass(60 * minute)
  const count = (what: string) => done.filter((one) => one === what).length
  expect(count('trim')).toBeGreaterThan(30)
  expect(count('trim')).toBeLessThanOrEqual(60)
  expect(count('reap')).toBeGreaterThan(60)
  expect(count('reap')).toBeLessThanOrEqual(240)
  expect(count('audit')).toBe(1)
  expect(events).toEqual([])
  await stop()
  const before = done.length
  await pass(10 * minute)
  expect(done).toHaveLength(before)
})

test('a duty that fails is told, and the others are done', async () => {
  const { all, done, events, pass, stop } = await nodes(1)
  onTestFinished(() => void stop())
  Object.assign(all[0]?.changeLog ?? {}, { trim: () => Promise.reject(new Error('no')) })
  await pass(2 * minute)
  expect(events[0]).toMatchObject({ source: 'duty', event: { kind: 'failed', what: 'trimming the log' } })
  expect(done).toContain('audit')
})
