import { expect, test } from 'vitest'
import { anEntry, type MakePlace, migrated, openAt } from './sql-fixture.ts'

/** What one node does for all. */
export function sqlDutyTests(make: MakePlace): void {
  test('of nodes that see a duty due, one claims it, and again when its time is over', async () => {
    const { db, place } = await migrated(make)
    const nodes = [db, await openAt(place), await openAt(place), await openAt(place)]
    const claim = async () => {
      const claims = await Promise.all(nodes.map(({ duties }) => duties.claim('sweep', 60_000)))
      return claims.filter(Boolean).length
    }
    expect(await claim()).toBe(1)
    expect(await claim()).toBe(0)
    expect(await db.duties.claim('other', 60_000)).toBe(true)
    await place.run("update meta set value = '1' where name = 'duty_sweep'")
    expect(await claim()).toBe(1)
    expect(await claim()).toBe(0)
  })

  test('the audit is trimmed oldest first, so many at a time', async () => {
    const { db } = await migrated(make)
    const now = Date.now()
    await db.store.write(async (tx) => {
      for (const age of [90, 80, 70, 1]) await tx.audit(anEntry(`aud_${age}`, { atMs: now - age * 1000 }))
    })
    const ids = async () => (await db.store.audit({ limit: 9 })).data.map(({ id }) => id)
    expect(await db.duties.trimAudit(60_000, 2)).toBe(2)
    expect(await ids()).toEqual(['aud_1', 'aud_70'])
    expect(await db.duties.trimAudit(60_000, 2)).toBe(1)
    expect(await db.duties.trimAudit(60_000, 2)).toBe(0)
    expect(await ids()).toEqual(['aud_1'])
  })
}
