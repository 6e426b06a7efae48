import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Floors } from './floors.ts'

describe('floors', () => {
  test('an entry that was read before a change of something it hangs on is outdated, one read at it stands', () => {
    const floors = new Floors()
    floors.raise('key:a', 7, false)
    expect(floors.standing(['key:a'], 6)).toBe('outdated')
    expect(floors.standing(['key:a'], 7)).toBe('stands')
    expect(floors.standing(['key:b'], 1)).toBe('stands')
  })

  test('what is gone for good is condemned, whenever it was read', () => {
    const floors = new Floors()
    floors.raise('key:a', 7, true)
    expect(floors.standing(['key:a', 'tenant:t'], 3)).toBe('condemned')
    expect(floors.standing(['key:a', 'tenant:t'], 9)).toBe('condemned')
  })

  test('a change of everything is a horizon', () => {
    const floors = new Floors()
    floors.raise('all', 5, false)
    expect(floors.standing(['key:a'], 4)).toBe('outdated')
    expect(floors.standing(['key:a'], 5)).toBe('stands')
  })

  test('a floor never sinks', () => {
    const floors = new Floors()
    floors.raise('key:a', 9, false)
    floors.raise('key:a', 4, false)
    expect(floors.standing(['key:a'], 8)).toBe('outdated')
  })

  test('whatever is forgotten, nothing stands that a floor has refused', () => {
    const subject = fc.constantFrom('key:a', 'key:b', 'key:c', 'tenant:t')
    const raises = fc.array(fc.record({ subject, terminal: fc.boolean(), prunes: fc.boolean() }), { maxLength: 30 })
    fc.assert(
      fc.property(
        raises,
        fc.integer({ min: 1, max: 4 }),
        subject,
        fc.integer({ min: 0, max: 30 }),
        (all, limit, asked, seq) => {
          const small = new Floors({ limit })
          const whole = new Floors()
          for (const [index, { subject, terminal, prunes }] of all.entries()) {
            small.raise(subject, index + 1, terminal)
            whole.raise(subject, index + 1, terminal)
            if (prunes) small.prune(index)
          }
          expect(small.size).toBeLessThanOrEqual(limit)
          if (whole.standing([asked], seq) === 'outdated') expect(small.standing([asked], seq)).not.toBe('stands')
        },
      ),
    )
  })

  test('the revision changes with everything that could let an entry stand differently', () => {
    const floors = new Floors()
    const seen = new Set([floors.revision])
    floors.raise('key:a', 1, false)
    seen.add(floors.revision)
    floors.raiseHorizon(2)
    seen.add(floors.revision)
    floors.prune(3)
    seen.add(floors.revision)
    expect(seen.size).toBe(4)
  })
})
