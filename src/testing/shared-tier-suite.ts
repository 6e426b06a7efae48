import { describe, expect, onTestFinished, test } from 'vitest'
import type { SharedTier, SlotRead } from '../cache/shared-tier.ts'
import { type SlotState, supersedes, tagOf } from '../cache/slot.ts'

export interface OpenTier {
  readonly tier: SharedTier
  /** Another client on the same store, where there can be one. */
  readonly second?: SharedTier
  /** Lets time pass on the store's clock. Without it the suite waits for real. */
  advance?(ms: number): Promise<void>
  close(): Promise<void>
}

const hour = 3_600_000
const at = (seq: number) => ({ seq, mark: `m${seq % 10_000}` })
const lease = (leaseId: string) => tagOf({ kind: 'lease', leaseId })
const value = (seq: number, payload = `value at ${seq}`): SlotState => ({ kind: 'value', at: at(seq), payload })
const terminal = (seq: number): SlotState => ({ kind: 'terminal', at: at(seq), payload: `terminal at ${seq}` })
const absent = (seq: number): SlotState => ({ kind: 'absent', at: at(seq), payload: '' })

/** What every shared tier promises. `open` gives a tier on an empty store, or on one where slots are not used twice. */
export function sharedTierSuite(name: string, open: () => Promise<OpenTier>): void {
  describe(name, () => {
    leaseTests(open)
    swapTests(open)
    mergeTests(open)
    contentTests(open)
  })
}

interface Fixture {
  readonly tier: SharedTier
  readonly other: SharedTier
  pass(ms: number): Promise<void>
  /** Looks without leaving a lease behind. */
  look(slot: string): Promise<SlotState | 'nothing' | 'held'>
}

async function fixture(open: () => Promise<OpenTier>): Promise<Fixture> {
  const opened = await open()
  onTestFinished(() => opened.close())
  const { tier } = opened
  return {
    tier,
    other: opened.second ?? tier,
    pass: (ms) => opened.advance?.(ms) ?? new Promise((resolve) => setTimeout(resolve, ms)),
    async look(slot) {
      const read = await tier.readOrLease(slot, 'look', hour)
      if (read.kind === 'state') return read.state
      if (read.kind === 'leased') await tier.swap(slot, lease('look'), null, 0)
      return read.kind === 'leased' ? 'nothing' : 'held'
    },
  }
}

function leaseTests(open: () => Promise<OpenTier>): void {
  test('one of fifty at once gets the lease, and the next only when it has lapsed', async () => {
    const { tier, other, pass } = await fixture(open)
    const read = (index: number) => (index % 2 ? tier : other).readOrLease('exclusive', `holder-${index}`, 400)
    const first = await Promise.all(Array.from({ length: 50 }, (_, index) => read(index)))
    expect(count(first)).toEqual({ leased: 1, held: 49 })
    await pass(500)
    const second = await Promise.all(Array.from({ length: 50 }, (_, index) => read(50 + index)))
    expect(count(second)).toEqual({ leased: 1, held: 49 })
  })

  test('who finds the own lease holds it', async () => {
    const { tier, other } = await fixture(open)
    expect(await tier.readOrLease('again', 'mine', hour)).toEqual({ kind: 'leased' })
    expect(await tier.readOrLease('again', 'mine', hour)).toEqual({ kind: 'leased' })
    expect(await other.readOrLease('again', 'mine2', hour)).toEqual({ kind: 'held' })
  })

  test('a lease given back is free at once', async () => {
    const { tier, other } = await fixture(open)
    await tier.readOrLease('back', 'one', hour)
    expect(await tier.swap('back', lease('one'), null, 0)).toBe(true)
    expect(await other.readOrLease('back', 'two', hour)).toEqual({ kind: 'leased' })
  })

  test('a fill is seen by all, with a life that shrinks and never exceeds what was given', async () => {
    const { tier, other, pass } = await fixture(open)
    await tier.readOrLease('life', 'one', hour)
    expect(await tier.swap('life', lease('one'), value(7), 1000)).toBe(true)
    const early = await other.readOrLease('life', 'two', hour)
    await pass(200)
    const late = await other.readOrLease('life', 'two', hour)
    if (early.kind !== 'state' || late.kind !== 'state') throw new Error('the value is gone')
    expect(late.state).toEqual(value(7))
    expect(early.ttlMs).toBeLessThanOrEqual(1000)
    expect(late.ttlMs).toBeGreaterThan(0)
    expect(late.ttlMs).toBeLessThanOrEqual(early.ttlMs - 150)
    await pass(900)
    expect(await other.readOrLease('life', 'two', hour)).toEqual({ kind: 'leased' })
  })
}

function swapTests(open: () => Promise<OpenTier>): void {
  test('a holder that comes after its lease lapsed changes nothing', async () => {
    const { tier, other, pass, look } = await fixture(open)
    await tier.readOrLease('lapsed', 'late', 100)
    await pass(200)
    expect(await tier.swap('lapsed', lease('late'), value(1), hour)).toBe(false)
    expect(await look('lapsed')).toBe('nothing')
    await other.readOrLease('lapsed', 'next', hour)
    expect(await tier.swap('lapsed', lease('late'), value(1), hour)).toBe(false)
    expect(await tier.swap('lapsed', lease('late'), null, 0)).toBe(false)
    expect(await other.swap('lapsed', lease('next'), value(2), hour)).toBe(true)
    expect(await tier.swap('lapsed', lease('late'), value(1), hour)).toBe(false)
    expect(await look('lapsed')).toEqual(value(2))
  })

  test.each([value(3), terminal(3), absent(3)])('a merge of $kind kills the lease', async (state) => {
    const { tier, other, look } = await fixture(open)
    await tier.readOrLease(`killed-${state.kind}`, 'late', hour)
    await other.merge(`killed-${state.kind}`, state, hour)
    expect(await tier.swap(`killed-${state.kind}`, lease('late'), value(9), hour)).toBe(false)
    expect(await look(`killed-${state.kind}`)).toEqual(state)
  })

  test.each([
    ['abc', 'abcd'],
    ['abcd', 'abc'],
    ['abc', 'Abc'],
    ['a.c', 'abc'],
    ['a%w', 'abc'],
    ['1', '01'],
  ])('lease %s is not lease %s', async (held, other) => {
    const { tier, look } = await fixture(open)
    await tier.readOrLease(`exact-${held}`, held, hour)
    expect(await tier.swap(`exact-${held}`, lease(other), value(1), hour)).toBe(false)
    expect(await tier.readOrLease(`exact-${held}`, other, hour)).toEqual({ kind: 'held' })
    expect(await tier.swap(`exact-${held}`, lease(held), value(1), hour)).toBe(true)
    expect(await look(`exact-${held}`)).toEqual(value(1))
  })

  test('a state can be replaced or deleted by who names its tag, and by nobody else', async () => {
    const { tier, other, look } = await fixture(open)
    await tier.merge('named', value(10), hour)
    expect(await other.swap('named', tagOf(value(9)), null, 0)).toBe(false)
    expect(await other.swap('named', tagOf(terminal(10)), null, 0)).toBe(false)
    expect(await other.swap('named', tagOf(value(10)), value(10, 'again'), hour)).toBe(true)
    expect(await look('named')).toEqual(value(10, 'again'))
    expect(await other.swap('named', tagOf(value(10)), null, 0)).toBe(true)
    expect(await other.swap('named', tagOf(value(10)), null, 0)).toBe(false)
    expect(await look('named')).toBe('nothing')
  })

  test('a swap on an empty slot changes nothing', async () => {
    const { tier, look } = await fixture(open)
    expect(await tier.swap('empty', lease('any'), value(1), hour)).toBe(false)
    expect(await look('empty')).toBe('nothing')
  })
}

function mergeTests(open: () => Promise<OpenTier>): void {
  const highest = Number.MAX_SAFE_INTEGER / 4 - 1
  const steps: readonly (readonly [string, SlotState, SlotState])[] = [
    ['absent gives way to a value of the same sequence', absent(5), value(5)],
    ['a value gives way to a terminal state of the same sequence', value(5), terminal(5)],
    ['a terminal state gives way to absence of a later sequence', terminal(5), absent(6)],
    ['sequences are compared as numbers', value(9), value(10)],
    ['sequences are exact to the last', value(Math.floor(highest) - 1), absent(Math.floor(highest))],
    ['a fork of the log is later', terminal(100), value(100 + 2 ** 32)],
  ]
  test.each(steps)('%s, in either order', async (name, lower, higher) => {
    const { tier, other, look } = await fixture(open)
    await tier.merge(`up ${name}`, lower, hour)
    await other.merge(`up ${name}`, higher, hour)
    expect(await look(`up ${name}`)).toEqual(higher)
    await tier.merge(`down ${name}`, higher, hour)
    await other.merge(`down ${name}`, lower, hour)
    expect(await look(`down ${name}`)).toEqual(higher)
  })

  test('states merged in any order, any number of times, end the same', async () => {
    const { tier, other, look } = await fixture(open)
    const seed = Number(process.env.GATEHOUSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
    const random = mulberry(seed)
    const pick = (count: number) => Math.floor(random() * count)
    const make = [value, terminal, absent]
    for (let round = 0; round < 40; round++) {
      const states = Array.from({ length: 1 + pick(6) }, () => (make[pick(3)] ?? value)(pick(4)))
      const most = states.reduce((a, b) => (supersedes(b, a) ? b : a))
      for (let order = 0; order < 3; order++) {
        const slot = `law-${seed}-${round}-${order}`
        if (pick(2)) await tier.readOrLease(slot, 'filling', hour)
        // Each at least once, some twice, in random order; a repeated one may also come right behind itself.
        const sent = [...states, ...states.filter(() => pick(2))].sort(() => random() - 0.5)
        for (const state of sent) await (pick(2) ? tier : other).merge(slot, state, hour)
        expect(await look(slot), `GATEHOUSE_SEED=${seed} round ${round}`).toEqual(most)
      }
    }
  })

  test('a merge that changes nothing does not lengthen the life of what stands', async () => {
    const { tier, pass } = await fixture(open)
    await tier.merge('short', terminal(4), 400)
    await tier.merge('short', terminal(4), hour)
    await tier.merge('short', value(4), hour)
    await pass(500)
    expect(await tier.readOrLease('short', 'one', hour)).toEqual({ kind: 'leased' })
  })
}

function contentTests(open: () => Promise<OpenTier>): void {
  test.each([
    ['a megabyte', 'x'.repeat(2 ** 20)],
    ['nothing', ''],
    ['separators', '|1L|x||\r\n$5\r\n'],
    ['all of Unicode', '\u0000\u00ff\u2028 ключ 鍵 🔑'],
  ])('a payload of %s comes back as it was', async (name, payload) => {
    const { tier, other, look } = await fixture(open)
    await tier.readOrLease(`payload ${name}`, 'one', hour)
    expect(await tier.swap(`payload ${name}`, lease('one'), value(3, payload), hour)).toBe(true)
    expect(await look(`payload ${name}`)).toEqual(value(3, payload))
    await other.merge(`payload ${name}`, { kind: 'terminal', at: at(4), payload }, hour)
    expect(await look(`payload ${name}`)).toEqual({ kind: 'terminal', at: at(4), payload })
  })

  test('slots with odd names are slots of their own', async () => {
    const { tier, look } = await fixture(open)
    const names = [
      '',
      ' ',
      'a b',
      'a:b',
      '{a}b',
      '{}a',
      'a*',
      'a?',
      '\r\n',
      '\u0000',
      'ключ',
      '🔑',
      '__proto__',
      "'; DEL",
      'A',
      'a',
    ]
    for (const [index, name] of names.entries()) await tier.merge(`odd${name}`, value(index), hour)
    for (const [index, name] of names.entries()) expect(await look(`odd${name}`), name).toEqual(value(index))
  })
}

function count(reads: readonly SlotRead[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { kind } of reads) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** A small generator that can be seeded. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
