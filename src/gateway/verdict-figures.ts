import { type Tier, type Verdict, type VerdictCode, verdictStatus } from '../domain/verdict.ts'

const tiers = ['L1', 'L2', 'L3', 'none'] as const satisfies readonly Tier[]
const codes = Object.keys(verdictStatus) as readonly VerdictCode[]

/** Counts of verdicts, by what they were and where they came from: plain numbers, because they stand on the hot path. */
export class VerdictFigures {
  readonly #counts = new Float64Array(tiers.length * codes.length)
  readonly #index = new Map(codes.map((code, index) => [code, index]))
  degraded = 0

  /** The usual case, on the hot path. */
  countHit(): void {
    this.#counts[0] = (this.#counts[0] ?? 0) + 1
  }

  count(verdict: Verdict): void {
    const { tier, degraded } = verdict.certificate
    const code = verdict.kind === 'accepted' ? 0 : (this.#index.get(verdict.reason) ?? 0)
    const place = tiers.indexOf(tier) * codes.length + code
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
    if (degraded) this.degraded++
  }

  /** Those that are not zero. */
  *entries(): Generator<{ readonly tier: Tier; readonly code: VerdictCode; readonly count: number }> {
    for (const [t, tier] of tiers.entries()) {
      for (const [c, code] of codes.entries()) {
        const count = this.#counts[t * codes.length + c] ?? 0
        if (count > 0) yield { tier, code, count }
      }
    }
  }
}
