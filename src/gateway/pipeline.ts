import type { TieredCache } from '../cache/tiered-cache.ts'
import type { Reading } from '../cache/tiered-cache-options.ts'
import type { Certificate, Verdict } from '../domain/verdict.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { Glance } from '../kernel/glance.ts'
import { tokenHash } from '../tokens/digest.ts'
import type { LastUsed } from '../usage/last-used.ts'
import { authorise, refusal } from './authorise.ts'
import type { ForeignAdmission } from './foreign-admission.ts'
import type { Ask, Gate } from './gate.ts'
import type { Passport } from './passport.ts'
import { type Keyring, type Recognised, recognise } from './recognise.ts'
import type { VerdictFigures } from './verdict-figures.ts'

export interface PipelineOptions {
  readonly clock: Clock
  readonly cache: TieredCache<Passport>
  /** Longest time of one check, ms; past it the verdict is `UNAVAILABLE`. */
  readonly budgetMs: number
  /** Asked anew on each miss, so that a change reaches the next check. */
  readonly keyring: () => Keyring
  readonly foreign: ForeignAdmission
  /** Notes every use of a key. */
  readonly lastUsed: LastUsed
  readonly figures: VerdictFigures
  /** How long a check took that could not be answered from memory, ms. */
  readonly onSlowVerdict?: (verdict: Verdict, tookMs: number) => void
  /** Why a verdict is `UNAVAILABLE`. */
  readonly onFailure?: (cause: unknown) => void
}

/**
 * The check, in its order:
 *
 *   shape → SHA-256 → L1 (synchronous) → checksum and keyed tag → L2 → L3 → authorise → verdict
 *
 * A refusal is a value. What cannot be decided is the refusal `UNAVAILABLE`, never a wrong key.
 */
export function createPipeline(options: PipelineOptions): Gate {
  const { clock, cache, budgetMs, keyring, foreign, lastUsed, figures, onSlowVerdict, onFailure } = options

  const glance = new Glance(clock)

  function peek(token: string, ask?: Ask): Verdict | undefined {
    if (!hasShape(token)) return undefined
    return peekAt(tokenHash(token), ask)
  }

  function peekAt(hash: string, ask: Ask | undefined): Verdict | undefined {
    // The clocks cost as much as the look-up: they are read once for the whole check.
    glance.look()
    const { mono, wall } = glance
    const entry = cache.peek(hash, mono, wall)
    if (entry === undefined || entry.value === null) return undefined
    const ageMs = mono - entry.readMono
    const verdict = authorise(entry.value, ask, wall, { tier: 'L1', version: entry.seq, ageMs, degraded: false })
    if (verdict.kind === 'refused') return counted(verdict)
    lastUsed.note(entry.value, wall)
    figures.countHit()
    return verdict
  }

  async function verify(token: string, ask?: Ask): Promise<Verdict> {
    const startedMono = clock.mono()
    const hash = hasShape(token) ? tokenHash(token) : undefined
    const known = hash === undefined ? undefined : peekAt(hash, ask)
    if (known) return known
    const verdict = hash === undefined ? counted(refusal('MALFORMED')) : await decide(token, hash, ask)
    onSlowVerdict?.(verdict, clock.mono() - startedMono)
    return verdict
  }

  async function decide(token: string, hash: string, ask: Ask | undefined): Promise<Verdict> {
    const deadline = clock.mono() + budgetMs
    try {
      const recognised = await recogniseNow(token, hash, deadline)
      if (recognised.kind === 'refused') return counted(refusal(recognised.reason))
      const { kind, slot } = recognised
      const read = () => cache.read(hash, slot, deadline)
      // What is known asks nobody who could be overrun.
      if (kind === 'native' || cache.holds(hash, slot)) return conclude(await read(), ask)
      const admitted = await foreign.admit(ask?.peer ?? ask?.ip, deadline, read)
      return admitted === 'over-allowance' ? counted(refusal('RATE_LIMITED')) : conclude(admitted, ask)
    } catch (cause) {
      onFailure?.(cause)
      return counted(refusal('UNAVAILABLE'))
    }
  }

  /** Forms and peppers change by the log: only who knows the log may say that a token fits none of them. */
  async function recogniseNow(token: string, hash: string, deadline: number): Promise<Recognised> {
    const recognised = recognise(token, hash, keyring())
    if (recognised.kind !== 'refused' || recognised.reason === 'MALFORMED' || cache.isLive) return recognised
    if (await cache.isCurrent(deadline)) return recognise(token, hash, keyring())
    throw new Fault('store.unavailable', { detail: 'whether such keys exist is not known without the change log' })
  }

  function conclude(reading: Reading<Passport>, ask: Ask | undefined): Verdict {
    const { value, tier, seq, ageMs, degraded } = reading
    const certificate = { tier, version: seq, ageMs, degraded }
    if (value === null) return counted(refusal('NOT_FOUND', certificate))
    if (!reading.condemned) return pass(value, ask, certificate, clock.wall())
    return counted({ kind: 'refused', reason: 'REVOKED', principal: value.principal, certificate })
  }

  function pass(passport: Passport, ask: Ask | undefined, certificate: Certificate, nowMs: number): Verdict {
    const verdict = authorise(passport, ask, nowMs, certificate)
    if (verdict.kind === 'accepted') lastUsed.note(passport, nowMs)
    return counted(verdict)
  }

  function counted(verdict: Verdict): Verdict {
    figures.count(verdict)
    return verdict
  }

  return { peek, verify }
}

/** Nothing longer or shorter was ever issued or imported; a loop over every character is left to those who look closer. */
function hasShape(token: string): boolean {
  return token.length >= 16 && token.length <= 512
}
