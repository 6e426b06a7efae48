import { median, spread } from './samples.ts'

/** A batch: resolves with its rate, operations per second. */
export type Batch = () => Promise<number>

export interface Pairs {
  readonly subject: readonly number[]
  readonly baseline: readonly number[]
  /** Median of the ratios of each pair, and their middle half. */
  readonly ratio: number
  readonly ratioSpread: readonly [number, number]
}

/**
 * Measures two things side by side: A B, B A, A B … Neighbours see the same machine, whatever it does meanwhile, so only
 * the ratio within a pair counts. The first of a pair changes, so that neither always follows the other.
 */
export async function measurePairs(subject: Batch, baseline: Batch, pairs: number): Promise<Pairs> {
  const result = await measureRounds([subject, baseline], pairs)
  const [ours = [], theirs = []] = result
  return compare(ours, theirs)
}

/** Every contestant once per round; each round begins with another. One list of rates for each contestant. */
export async function measureRounds(batches: readonly Batch[], rounds: number): Promise<readonly number[][]> {
  const rates: number[][] = batches.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < batches.length; i++) {
      const which = (round + i) % batches.length
      const rate = await batches[which]?.()
      if (rate !== undefined) rates[which]?.push(rate)
    }
  }
  return rates
}

export function compare(subject: readonly number[], baseline: readonly number[]): Pairs {
  const ratios = subject.map((rate, i) => rate / (baseline[i] ?? Number.NaN))
  return { subject, baseline, ratio: median(ratios), ratioSpread: spread(ratios) }
}
