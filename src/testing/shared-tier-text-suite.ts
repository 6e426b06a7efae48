import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeSlot, type SlotState, tagOf } from '../cache/slot.ts'
import type { OpenTier } from './shared-tier-suite.ts'

export interface OpenTextTier extends OpenTier {
  /** Writes any text into a slot, without an end, as another version or a foreign hand would. */
  plant(slot: string, text: string): Promise<void>
}

const hour = 3_600_000
const lease = (leaseId: string) => tagOf({ kind: 'lease', leaseId })
const value: SlotState = { kind: 'value', at: { seq: 1, mark: 'abc' }, payload: 'payload' }
const absent: SlotState = { kind: 'absent', at: { seq: 0, mark: 'abc' }, payload: '' }

async function opened(open: () => Promise<OpenTextTier>): Promise<OpenTextTier> {
  const tier = await open()
  onTestFinished(() => tier.close())
  return tier
}

/** What a shared tier promises on top where others can write what they like into its slots. */
export function sharedTierTextSuite(name: string, open: () => Promise<OpenTextTier>): void {
  describe(name, () => {
    test('what cannot be read is a miss, is replaced by the lease, and gives way to a merge', async () => {
      const { tier, plant } = await opened(open)
      const long = 'x'.repeat(65)
      const unreadable = [
        ...[
          '',
          'garbage',
          '1',
          '1V|',
          '2V|5.abc|payload',
          '1X|5.abc|',
          '1V|five.abc|p',
          '1V|5|p',
          '1V|5.|p',
          '1V|-5.abc|p',
        ],
        ...[
          '1V|12345678901234567.abc|p',
          `1V|5.${'m'.repeat(17)}|p`,
          '1V|5.a_c|p',
          '1L|',
          '1L||',
          `1L|${long}|`,
          ' 1V|5.abc|p',
        ],
      ]
      for (const [index, text] of unreadable.entries()) {
        const slot = `unreadable-${index}`
        await plant(slot, text)
        expect(await tier.readOrLease(slot, 'one', hour), JSON.stringify(text)).toEqual({ kind: 'leased' })
        expect(await tier.readOrLease(slot, 'two', hour), JSON.stringify(text)).toEqual({ kind: 'held' })
        await plant(slot, text)
        expect(await tier.swap(slot, lease('one'), value, hour), JSON.stringify(text)).toBe(false)
        await tier.merge(slot, absent, hour)
        expect(await tier.readOrLease(slot, 'two', hour), JSON.stringify(text)).toMatchObject({ state: absent })
      }
    })

    test('what stands without an end is believed for a bounded time only, and a lease without an end not at all', async () => {
      const { tier, plant } = await opened(open)
      await plant('endless', encodeSlot(value))
      const read = await tier.readOrLease('endless', 'one', hour)
      expect(read).toMatchObject({ kind: 'state', state: value })
      expect(read.kind === 'state' && read.ttlMs).toBeGreaterThan(0)
      expect(read.kind === 'state' && read.ttlMs).toBeLessThanOrEqual(600_000)
      await plant('endless lease', encodeSlot({ kind: 'lease', leaseId: 'dead' }))
      expect(await tier.readOrLease('endless lease', 'one', hour)).toEqual({ kind: 'leased' })
    })
  })
}
