import { expect, test } from 'vitest'
import { settled } from '../testing/virtual-clock.ts'
import { Flights } from './flights.ts'

test('whoever asks while a load is under way gets that load', async () => {
  const flights = new Flights<number>()
  let loads = 0
  const load = async () => ++loads
  const first = flights.take('a', load)
  const second = flights.take('a', load)
  expect([first.joined, second.joined]).toEqual([false, true])
  expect(await Promise.all([first.flight, second.flight])).toEqual([1, 1])
  expect(flights.size).toBe(0)
})

test('different keys fly apart', async () => {
  const flights = new Flights<string>()
  const both = ['a', 'b'].map((key) => flights.take(key, async () => key).flight)
  expect(await Promise.all(both)).toEqual(['a', 'b'])
})

test('a failing load is never run twice at once for the same key, and leaves nothing behind', async () => {
  const flights = new Flights<never>()
  let running = 0
  let most = 0
  const load = async () => {
    most = Math.max(most, ++running)
    await settled()
    running--
    throw new Error('no')
  }
  for (let caller = 0; caller < 40; caller++) {
    flights.take('a', load).flight.catch(() => {})
    if (caller % 3 === 0) await Promise.resolve()
    if (caller % 7 === 0) await settled()
  }
  await settled()
  await settled()
  expect(most).toBe(1)
  expect(flights.size).toBe(0)
})
