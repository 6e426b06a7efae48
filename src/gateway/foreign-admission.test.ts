import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createForeignAdmission } from './foreign-admission.ts'

const found = async () => ({ value: 'a key' })
const nothing = async () => ({ value: null })

function admission(options: { limit?: number; queue?: number } = {}) {
  const clock = new VirtualClock()
  const foreign = createForeignAdmission({
    clock,
    limit: 2,
    queue: 100,
    burst: 3,
    perSecond: 1,
    addressLimit: 2,
    ...options,
  })
  const admit = <R extends { value: unknown }>(peer: string, read: () => Promise<R>, budgetMs = 1000) =>
    foreign.admit(peer, clock.mono() + budgetMs, read)
  return { clock, admit }
}

describe('look-ups of foreign tokens', () => {
  it('cost nothing while they find keys, however many come from one address', async () => {
    const { admit } = admission()
    const answers = await Promise.all(Array.from({ length: 80 }, () => admit('a', found)))
    expect(answers.every((answer) => answer !== 'over-allowance')).toBe(true)
  })

  it('spend the allowance of their address alone when they find nothing, and get it back with time', async () => {
    const { clock, admit } = admission()
    for (let i = 0; i < 3; i++) expect(await admit('a', nothing)).toEqual({ value: null })
    expect(await admit('a', nothing)).toBe('over-allowance')
    expect(await admit('b', nothing)).toEqual({ value: null })
    await clock.advance(1000)
    expect(await admit('a', nothing)).toEqual({ value: null })
    expect(await admit('a', nothing)).toBe('over-allowance')
  })

  it('that came at once do not pass on an allowance that those before them have spent', async () => {
    const { admit } = admission({ limit: 1 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => admit('a', nothing)))
    expect(answers.filter((answer) => answer !== 'over-allowance')).toHaveLength(3)
  })

  it('wait for their turn no longer than the budget of their check', async () => {
    const { clock, admit } = admission({ limit: 1 })
    const first = Promise.withResolvers<{ value: string }>()
    const running = admit('a', () => first.promise)
    const waiting = admit('b', found, 500)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'check.budget' })
    await clock.advance(500)
    await refused
    first.resolve({ value: 'a key' })
    expect(await running).toEqual({ value: 'a key' })
  })

  it('are refused at once when too many wait', async () => {
    const { admit } = admission({ limit: 1, queue: 0 })
    const first = Promise.withResolvers<{ value: string }>()
    const running = admit('a', () => first.promise)
    await expect(admit('b', found)).rejects.toMatchObject({ code: 'check.overloaded' })
    first.resolve({ value: 'a key' })
    await running
  })

  it('remember only so many addresses', async () => {
    const { admit } = admission()
    for (let i = 0; i < 3; i++) await admit('a', nothing)
    for (const peer of ['b', 'c']) await admit(peer, nothing)
    expect(await admit('a', nothing)).toEqual({ value: null })
  })
})
