import { expect, test } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { withDeadline } from './deadline.ts'

function bell() {
  const waiting = new Set<() => void>()
  const clock: Clock = {
    mono: () => 0,
    wall: () => 0,
    after(_ms, callback) {
      waiting.add(callback)
      return () => void waiting.delete(callback)
    },
  }
  return { clock, waiting, ring: () => [...waiting].map((callback) => callback()) }
}

test('a missed deadline rejects and aborts the work, even work that does not listen', async () => {
  const { clock, ring, waiting } = bell()
  let seen: AbortSignal | undefined
  const never = withDeadline(clock, 50, (signal) => {
    seen = signal
    return new Promise<never>(() => {})
  })
  ring()
  await expect(never).rejects.toMatchObject({ code: 'check.budget' })
  expect(seen?.aborted).toBe(true)
  expect(waiting.size).toBe(0)
  const own = withDeadline(clock, 50, () => new Promise(() => {}), { fault: () => new Fault('store.unavailable') })
  ring()
  await expect(own).rejects.toMatchObject({ code: 'store.unavailable' })
})

test('work in time gives its result or its error, and leaves no timer and no listener', async () => {
  const { clock, waiting } = bell()
  const outer = new AbortController()
  const options = { signal: outer.signal }
  expect(await withDeadline(clock, 50, async () => 'done', options)).toBe('done')
  await expect(withDeadline(clock, 50, () => Promise.reject(new Error('broken')), options)).rejects.toThrow('broken')
  const thrower = () => {
    throw new Error('at once')
  }
  await expect(withDeadline(clock, 50, thrower, options)).rejects.toThrow('at once')
  expect(waiting.size).toBe(0)
  outer.abort()
})

test('the outer signal ends the work with its own reason', async () => {
  const { clock, waiting } = bell()
  const outer = new AbortController()
  let seen: AbortSignal | undefined
  const work = (signal: AbortSignal) => {
    seen = signal
    return new Promise<never>(() => {})
  }
  const running = withDeadline(clock, 50, work, { signal: outer.signal })
  outer.abort(new Error('client gone'))
  await expect(running).rejects.toThrow('client gone')
  expect(seen?.aborted).toBe(true)
  expect(waiting.size).toBe(0)
  await expect(withDeadline(clock, 50, work, { signal: outer.signal })).rejects.toThrow('client gone')
})

test('what late work does after the deadline reaches nobody', async () => {
  const { clock, ring } = bell()
  const late = Promise.withResolvers<string>()
  const running = withDeadline(clock, 50, () => late.promise)
  ring()
  await expect(running).rejects.toMatchObject({ code: 'check.budget' })
  late.reject(new Error('nobody hears this'))
  await new Promise((resolve) => setImmediate(resolve))
})
