import { expect, test } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { type BreakerOptions, createBreaker } from './breaker.ts'

function fixture(options: Partial<BreakerOptions> = {}) {
  let now = 0
  const clock: Clock = { mono: () => now, wall: () => 0, after: () => () => {} }
  const news: string[] = []
  const refusal = () => new Fault('tier.unavailable', { detail: 'open' })
  const breaker = createBreaker({ clock, refusal, random: () => 1, onState: (state) => news.push(state), ...options })
  const fail = () => breaker.run(() => Promise.reject(new Error('down'))).catch((error: Error) => error.message)
  const open = async () => {
    while (breaker.state !== 'open') await fail()
  }
  return {
    breaker,
    news,
    fail,
    open,
    pass: (ms: number) => {
      now += ms
    },
    work: async () => 'done',
  }
}

test('failures in a row open it, and while it is open nothing runs', async () => {
  const { breaker, fail, news, work } = fixture({ failures: 3 })
  await fail()
  await fail()
  await breaker.run(work)
  await fail()
  await fail()
  expect(breaker.state).toBe('closed')
  await fail()
  expect(breaker.state).toBe('open')
  let ran = false
  const refused = breaker.run(async () => {
    ran = true
  })
  await expect(refused).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect(ran).toBe(false)
  expect(news).toEqual(['open'])
})

test('a work that throws before its first await counts like any other', async () => {
  const { breaker } = fixture({ failures: 1 })
  const broken = () => {
    throw new Error('at once')
  }
  await expect(breaker.run(broken)).rejects.toThrow('at once')
  expect(breaker.state).toBe('open')
})

test('half open, so many probes as allowed run and the rest are refused; one success closes it', async () => {
  const { breaker, open, pass, news } = fixture({ probes: 2 })
  await open()
  pass(400)
  const probe = Promise.withResolvers<string>()
  const probes = [breaker.run(() => probe.promise), breaker.run(() => probe.promise)]
  await expect(breaker.run(async () => 'third')).rejects.toMatchObject({ code: 'tier.unavailable' })
  expect(breaker.state).toBe('half-open')
  probe.resolve('back')
  expect(await Promise.all(probes)).toEqual(['back', 'back'])
  expect(breaker.state).toBe('closed')
  expect(news).toEqual(['open', 'closed'])
})

test('failed probes double the pause up to its bound, and are no news', async () => {
  const { breaker, open, fail, pass, news } = fixture()
  await open()
  for (const pause of [400, 800, 1600, 2000, 2000]) {
    pass(pause - 1)
    expect(await fail()).toContain('open')
    pass(1)
    expect(await fail()).toBe('down')
  }
  expect(news).toEqual(['open'])
  pass(2000)
  await breaker.run(async () => 'back')
  await open()
  pass(400)
  expect(await breaker.run(async () => 'short again')).toBe('short again')
  expect(news).toEqual(['open', 'closed', 'open', 'closed'])
})

test('the pause is spread between its bounds', async () => {
  const { open, fail, pass } = fixture({ random: () => 0 })
  await open()
  pass(199)
  expect(await fail()).toContain('open')
  pass(1)
  expect(await fail()).toBe('down')
})

test('slow answers are passed on and count as failures', async () => {
  const { breaker, pass } = fixture({ failures: 2, slowMs: 100 })
  const slow = async () => {
    pass(101)
    return 'slow'
  }
  expect(await breaker.run(slow)).toBe('slow')
  expect(await breaker.run(slow)).toBe('slow')
  expect(breaker.state).toBe('open')
})

test('what began before it opened or closed is not counted after', async () => {
  const { breaker, open, pass, work } = fixture({ failures: 1 })
  const [good, bad] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const lateGood = breaker.run(() => good.promise)
  const lateBad = breaker.run(() => bad.promise)
  await open()
  good.resolve()
  await lateGood
  expect(breaker.state).toBe('open')
  pass(400)
  await breaker.run(work)
  bad.reject(new Error('old'))
  await expect(lateBad).rejects.toThrow('old')
  expect(breaker.state).toBe('closed')
})
