import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { Store, WriteTransaction, Written } from './store.ts'

/** What the operations are made of. */
export interface AuthorityParts {
  readonly store: Store
  readonly peppers: PepperRing
  readonly clock: Clock
}

/**
 * A transaction that is safe to do again because it first looks whether its work is done: two that start at once with the
 * same idempotency key end in one conflict, and the second then finds what the first did.
 */
export async function writeOnce<T>(store: Store, work: (tx: WriteTransaction) => Promise<T>): Promise<Written<T>> {
  try {
    return await store.write(work)
  } catch (error) {
    if (error instanceof Fault && error.code === 'request.conflict') return store.write(work)
    throw error
  }
}

/** A change that was marked always has its place in the log. */
export function marked<T>({ position, committedAtMs }: Written<T>) {
  if (!position) throw new Fault('internal', { detail: 'a marked change came back without its position in the log' })
  return { position, committedAtMs }
}
