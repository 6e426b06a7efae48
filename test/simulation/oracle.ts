import type { Reading } from '../../src/cache/index.ts'
import { times } from './profile.ts'
import { type Credential, credentialIn, faceOf, type Rows, slots } from './truth.ts'

interface Era {
  readonly face: string
  readonly fromMs: number
  /** Count of changes: tells eras apart that began in the same millisecond. */
  readonly fromOrder: number
}

/** Who answered: one life of one machine. */
export interface Answerer {
  readonly id: string
  readonly graceMs: number
  readonly positiveMs: number
  /** Whether its monotonic clock was ever behind real time. */
  readonly wasSuspended: boolean
  /** Slots that it refused for good, and the count of SQL failovers then. */
  readonly ended: Map<string, number>
}

/** The beginning of a read, as the oracle must know it. */
export interface Asked {
  readonly slot: string
  readonly atMs: number
  /** Answers must be of later than this change: a receipt said so before the read began. */
  readonly afterOrder: number
}

/**
 * Knows what SQL held at every moment of real time, and judges every answer by it. An answer is right if the truth was
 * so at some moment since D before the answer (D + G where it is marked as degraded), or since the question where SQL
 * itself was asked; and not before a change whose receipt was complete when the question came.
 */
export class Oracle {
  readonly violations: string[] = []
  readonly #eras = new Map<string, Era[]>(slots.map((slot) => [slot, []]))
  /** Keys that have stood as revoked in any history. */
  readonly #revoked = new Set<string>()
  readonly #confirmed = new Map<string, number>()
  order = 0
  failovers = 0

  breach(what: string): void {
    this.violations.push(what)
  }

  /** To be told after every change of SQL. */
  note(rows: Rows, nowMs: number): void {
    this.order++
    for (const slot of slots) {
      const value = credentialIn(rows, slot, nowMs)
      const face = faceOf(value)
      if (value?.state === 'revoked') this.#revoked.add(value.keyId)
      const eras = this.#eras.get(slot)
      if (eras && eras.at(-1)?.face !== face) eras.push({ face, fromMs: nowMs, fromOrder: this.order })
    }
  }

  /** A receipt for the change with this order said complete. */
  complete(touched: readonly string[], order: number): void {
    for (const slot of touched) this.#confirmed.set(slot, Math.max(order, this.#confirmed.get(slot) ?? 0))
  }

  ask(slot: string, nowMs: number): Asked {
    return { slot, atMs: nowMs, afterOrder: this.#confirmed.get(slot) ?? 0 }
  }

  judge(by: Answerer, asked: Asked, reading: Reading<Credential>, nowMs: number): void {
    const { slot } = asked
    const { value, condemned, degraded, tier } = reading
    const say = (what: string) =>
      this.breach(
        `${by.id} ${slot} asked at ${asked.atMs}: ${what} (${tier}${degraded ? ' degraded' : ''} ${condemned ? 'condemned ' : ''}${faceOf(value)})`,
      )
    const final = condemned || value?.state === 'revoked'
    if (final) {
      if (this.#eras.get(slot)?.at(-1)?.face.includes('revoked')) by.ended.set(slot, this.failovers)
      if (value && !this.#revoked.has(value.keyId)) say('refused for good what was never revoked')
      return
    }
    const accepted = value !== null && value.state === 'active' && value.tenantState === 'active' && !value.rotatedOut
    if (accepted && by.ended.get(slot) === this.failovers) say('accepted after it was refused for good')
    if (degraded && by.graceMs === 0) say('served in a grace that does not exist')
    if (degraded && value === null) say('absence served in grace')
    const bound = times.leaseMs + (degraded ? by.graceMs : 0)
    const sinceMs = Math.min(nowMs - bound, tier === 'L3' ? asked.atMs : nowMs)
    if (!this.#wasTrue(slot, faceOf(value), sinceMs, asked.afterOrder)) say(`not true since ${sinceMs}`)
    if (value) this.#judgeAge(by, reading, value, nowMs, say)
  }

  /** Only the rate of the machine's own clock is trusted here, so a machine that was suspended is not judged by it. */
  #judgeAge(
    by: Answerer,
    { ageMs, degraded, tier }: Reading<Credential>,
    value: Credential,
    nowMs: number,
    say: (what: string) => void,
  ): void {
    if (by.wasSuspended) return
    const realMs = nowMs - value.readAtMs
    // A fill travels for a while; it arrives before its lease in the slot has ended, or not at all.
    if (realMs > ageMs + times.fillLeaseMs) say(`said to be ${ageMs} ms old, is ${realMs}`)
    if (!degraded && tier === 'L1' && realMs > by.positiveMs + times.fillLeaseMs) say(`outlived its life: ${realMs} ms`)
  }

  #wasTrue(slot: string, face: string, sinceMs: number, afterOrder: number): boolean {
    const eras = this.#eras.get(slot) ?? []
    for (let at = eras.length - 1; at >= 0; at--) {
      const next = eras[at + 1]
      if (next && (next.fromMs < sinceMs || next.fromOrder <= afterOrder)) return false
      if (eras[at]?.face === face) return true
    }
    return false
  }
}
