import { expect, test } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { guardTier } from './guarded-tier.ts'
import type { SharedTier, SlotRead } from './shared-tier.ts'

/** A tier that answers as told, on a clock that a test moves. */
function fixture(answer: () => Promise<SlotRead>) {
  let now = 0
  const timers = new Set<{ at: number; callback: () => void }>()
  const clock: Clock = {
    mono: () => now,
    wall: () => 0,
    after(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
  }
  const pass = (ms: number) => {
    now += ms
    for (const timer of [...timers]) {
      if (timer.at <= now && timers.delete(timer)) timer.callback()
    }
  }
  let asked = 0
  const tier: SharedTier = {
    readOrLease: () => {
      asked++
      return answer()
    },
    swap: async () => true,
    merge: async () => {},
    close: async () => {},
  }
  const news: string[] = []
  const guarded = guardTier(tier, { clock, random: () => 1, onState: (state) => news.push(state) })
  const read = () => guarded.readOrLease('slot', 'lease', 1000)
  return { guarded, read, pass, news, timers, asked: () => asked }
}

test('a tier that hangs costs each call its timeout, five calls at most, then nothing until a probe', async () => {
  const { read, pass, news, asked, guarded, timers } = fixture(() => new Promise(() => {}))
  const hanging = Array.from({ length: 5 }, read)
  pass(150)
  for (const one of await Promise.allSettled(hanging)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'tier.unavailable' } })
  }
  await expect(read()).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect([asked(), guarded.state, news]).toEqual([5, 'open', ['open']])
  pass(400)
  const probe = read()
  await expect(read()).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect(asked()).toBe(6)
  pass(150)
  await expect(probe).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect(news).toEqual(['open'])
  expect(timers.size).toBe(0)
})

test('a tier that comes back is used again, with one word on each change', async () => {
  let isUp = false
  const down = () => Promise.reject(new Fault('tier.unavailable'))
  const { read, pass, news, guarded } = fixture(() => (isUp ? Promise.resolve({ kind: 'held' }) : down()))
  while (guarded.state !== 'open') await read().catch(() => {})
  isUp = true
  await expect(read()).rejects.toMatchObject({ code: 'tier.unavailable' })
  pass(400)
  expect(await read()).toEqual({ kind: 'held' })
  expect(news).toEqual(['open', 'closed'])
})

test('a process that stood still reads the answer that came meanwhile, and still gives up on one that did not', async () => {
  const answer = Promise.withResolvers<SlotRead>()
  const { read, pass, timers } = fixture(() => answer.promise)
  const waiting = read()
  pass(400)
  answer.resolve({ kind: 'held' })
  expect(await waiting).toEqual({ kind: 'held' })

  const hanging = fixture(() => new Promise(() => {}))
  const lost = hanging.read()
  hanging.pass(400)
  hanging.pass(10)
  await expect(lost).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect([timers.size, hanging.timers.size]).toEqual([0, 0])
})
