import { expect, test } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createTurns } from './sql-turns.ts'

function turns(options: Partial<Parameters<typeof createTurns<'first' | 'second'>>[0]> = {}) {
  const clock = new VirtualClock()
  const limits = { first: 3, second: 2 }
  return { clock, ...createTurns({ clock, limits, together: 3, queue: 2, waitMs: 100, ...options }) }
}

const settled = () => new Promise(setImmediate)

test('each kind keeps to its limit, and all together to theirs', async () => {
  const { enter } = turns()
  const log: string[] = []
  const go = async (kind: 'first' | 'second') => {
    const leave = await enter(kind)
    log.push(kind)
    return leave
  }
  const leave = await go('second')
  await go('second')
  void go('second')
  await settled()
  expect(log).toEqual(['second', 'second'])
  await go('first')
  void go('first')
  await settled()
  expect(log).toHaveLength(3)
  leave()
  leave()
  await settled()
  expect(log).toEqual(['second', 'second', 'first', 'first'])
})

test('of those that wait, the kind that is named first goes first', async () => {
  const { enter } = turns({ together: 1 })
  const leave = await enter('first')
  const order: string[] = []
  for (const kind of ['second', 'first'] as const) {
    void enter(kind).then((done) => {
      order.push(kind)
      done()
    })
  }
  leave()
  await settled()
  expect(order).toEqual(['first', 'second'])
})

test('who finds the queue full is told so at once, and who waits too long when the time is over', async () => {
  const { clock, enter } = turns({ together: 1 })
  const leave = await enter('second')
  const waiting = [enter('second'), enter('second')].map((one) => one.catch((error: unknown) => error))
  const overloaded = { code: 'check.overloaded', status: 503, public: expect.any(String) }
  await expect(enter('second')).rejects.toMatchObject(overloaded)
  await clock.advance(100)
  for (const one of waiting) expect(await one).toMatchObject(overloaded)
  leave()
  ;(await enter('second'))()
})
