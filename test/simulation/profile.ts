import type { SeededRandom } from '../../src/testing/seeded-random.ts'

/** What can go wrong in one run. Each run draws its own few, so that rare pairs meet often (swarm testing). */
export const faultKinds = [
  'sql-fails',
  'tier-fails',
  'push-fails',
  'crash',
  'stop',
  'suspend',
  'pause',
  'wall-step',
  'cut-sql',
  'cut-tier',
  'sql-failover',
  'lost-life',
  'tier-failover',
  'tier-flush',
  'trim',
  'reap',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** Times in ms. Small against those of production, in the same order of size. */
export const times = {
  leaseMs: 120,
  beatTimeoutMs: 60,
  budgetMs: 200,
  fillLeaseMs: 80,
  presenceMs: 100,
  confirmMs: 30,
  reapMarginMs: 250,
  tierTimeoutMs: 50,
} as const

export interface Profile {
  readonly faults: readonly FaultKind[]
  /** One in so many steps is a fault. */
  readonly calm: number
  /** Whole numbers: how often each kind of step is chosen. */
  readonly weights: { readonly deliver: number; readonly timer: number; readonly time: number; readonly work: number }
  /** Of the work, how much changes something: a probability. */
  readonly changes: number
  /** Of the changes, how much ends something for good: a probability. */
  readonly ends: number
  /** One time in so many, work is at the slot in focus. */
  readonly focus: number
  readonly beatMs: number
  readonly graces: readonly number[]
  readonly positiveMs: number
  readonly absentMs: number
  readonly rowLimit: number
  readonly snapshotLimit: number
  readonly floorLimit: number
  readonly historyLimit: number
  readonly entryLimit: number
  readonly guarded: boolean
  readonly heals: boolean
  readonly steps: number
}

export function drawProfile(random: SeededRandom): Profile {
  const share = random.pick([0, 0.1, 0.2, 0.4])
  return {
    faults: faultKinds.filter(() => random.chance(share)),
    calm: random.pick([8, 15, 30]),
    weights: {
      deliver: random.pick([30, 60]),
      timer: random.pick([6, 12]),
      time: random.pick([4, 10, 20]),
      work: random.pick([6, 12]),
    },
    changes: random.pick([0.05, 0.12, 0.3]),
    ends: random.pick([0.1, 0.6]),
    focus: random.pick([0.5, 0.8, 0.95]),
    beatMs: random.pick([40, 40, 100]),
    graces: [0, 1, 2].map(() => random.pick([0, 0, 160])),
    positiveMs: random.pick([250, 900, 5000]),
    absentMs: random.pick([100, 300]),
    rowLimit: random.pick([2, 3, 100]),
    snapshotLimit: random.pick([2, 100]),
    floorLimit: random.pick([3, 100]),
    historyLimit: random.pick([4, 100]),
    entryLimit: random.pick([1, 2, 10]),
    guarded: random.chance(0.5),
    heals: random.chance(0.15),
    steps: random.pick([100, 160, 260]),
  }
}
