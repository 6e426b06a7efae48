import { hash } from 'node:crypto'
import type { TokenForm } from '../tokens/foreign.ts'
import type { ForeignPattern, Store, WriteTransaction } from './store.ts'

/** Registers the forms that no registered pattern covers yet. Answers whether there were any. */
export async function registerForms(
  tx: WriteTransaction,
  known: Awaited<ReturnType<Store['patterns']>>,
  forms: readonly TokenForm[],
): Promise<boolean> {
  const registered: TokenForm[] = [...known]
  for (const form of forms) {
    if (registered.some((other) => covers(other, form))) continue
    await tx.insertPattern(patternOf(form))
    registered.push(form)
  }
  return registered.length > known.length
}

function covers(wide: TokenForm, narrow: TokenForm): boolean {
  if (wide.prefix !== narrow.prefix || wide.length !== narrow.length) return false
  const allowed = new Set(wide.alphabet)
  return [...narrow.alphabet].every((character) => allowed.has(character))
}

/** The id follows from the form: two nodes that register it at once register it once. */
function patternOf({ prefix, length, alphabet }: TokenForm): ForeignPattern {
  const id = hash('sha256', JSON.stringify([prefix, length, alphabet]), 'hex').slice(0, 24)
  return { id: `pat_${id}`, prefix, length, alphabet }
}
