import { expect, test } from 'vitest'
import { createBulkhead } from './bulkhead.ts'

/** Work that ends when told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve, fail: reject }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('never more than the limit run, the queue waits in order, and beyond it calls are refused at once', async () => {
  const bulkhead = createBulkhead({ limit: 2, queue: 2 })
  const works = Array.from({ length: 4 }, held)
  const begun: number[] = []
  const runs = works.map(({ work }, index) =>
    bulkhead.run(() => {
      begun.push(index)
      return work()
    }),
  )
  await expect(bulkhead.run(async () => {})).rejects.toMatchObject({ code: 'check.overloaded' })
  expect(begun).toEqual([0, 1])
  expect([bulkhead.active, bulkhead.waiting]).toEqual([2, 2])
  works[1]?.end()
  await settled()
  expect(begun).toEqual([0, 1, 2])
  works[0]?.fail(new Error('broken'))
  await expect(runs[0]).rejects.toThrow('broken')
  await settled()
  expect(begun).toEqual([0, 1, 2, 3])
  for (const { end } of works) end()
  await Promise.all(runs.slice(1))
  expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0])
})

test('a call that gives up leaves the queue at once and makes room', async () => {
  const bulkhead = createBulkhead({ limit: 1, queue: 1 })
  const first = held()
  const running = bulkhead.run(first.work)
  const impatient = new AbortController()
  let ran = false
  const waiting = bulkhead.run(async () => {
    ran = true
  }, impatient.signal)
  impatient.abort(new Error('gave up'))
  await expect(waiting).rejects.toThrow('gave up')
  expect(bulkhead.waiting).toBe(0)
  const next = bulkhead.run(async () => 'next')
  first.end()
  await running
  expect(await next).toBe('next')
  expect(ran).toBe(false)
  await expect(bulkhead.run(async () => {}, impatient.signal)).rejects.toThrow('gave up')
  expect(bulkhead.active).toBe(0)
})

test('a newcomer never takes the place of the one who waited', async () => {
  const bulkhead = createBulkhead({ limit: 1, queue: 1 })
  const first = held()
  const order: string[] = []
  const running = bulkhead.run(first.work)
  const waited = bulkhead.run(async () => {
    order.push('waited')
  })
  first.end()
  // Asks again in every microtask until there is room: if a place were free in between, it would find it.
  const barge = async (): Promise<void> => {
    for (;;) {
      const got = await bulkhead.run(async () => order.push('newcomer')).catch(() => undefined)
      if (got) return
    }
  }
  await Promise.all([running, waited, barge()])
  expect(order).toEqual(['waited', 'newcomer'])
})

test('whenever the signal fires around the turn, the work runs or the call gives up, and the place goes on', async () => {
  for (let microtasks = 0; microtasks < 8; microtasks++) {
    const bulkhead = createBulkhead({ limit: 1, queue: 2 })
    const first = held()
    const late = new AbortController()
    let ran = false
    const running = bulkhead.run(first.work)
    const waiting = bulkhead
      .run(async () => {
        ran = true
      }, late.signal)
      .then(
        () => 'ran',
        (error: Error) => error.message,
      )
    const behind = bulkhead.run(async () => 'behind')
    first.end()
    for (let passed = 0; passed < microtasks; passed++) await undefined
    late.abort(new Error('gave up'))
    expect(await waiting).toBe(ran ? 'ran' : 'gave up')
    expect(await behind).toBe('behind')
    await running
    expect([bulkhead.active, bulkhead.waiting]).toEqual([0, 0])
  }
})
