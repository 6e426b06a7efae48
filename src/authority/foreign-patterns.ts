import { hash } from 'node:crypto'
import type { Fault } from '../kernel/fault.ts'
import type { TokenForm } from '../tokens/foreign.ts'
import type { Caller } from './authority.ts'
import { forbidden } from './rights.ts'
import type { ForeignPattern, Store, WriteTransaction } from './store.ts'

/** Every form makes more of what nobody made worth a look-up: those of one tenant must not open the door for all. */
const mostForms = 1000
const mostThroughTenants = 100

/** The forms that no registered pattern covers yet. */
export interface NewForms {
  /** Throws `request.forbidden` when there are as many as the caller may bring about. */
  add(form: TokenForm): void
  /** Answers whether there were any. */
  register(tx: WriteTransaction): Promise<boolean>
}

export function newForms(caller: Caller, known: Awaited<ReturnType<Store['patterns']>>): NewForms {
  const most = caller.tenantId === null ? mostForms : mostThroughTenants
  const fresh: TokenForm[] = []
  const isCovered = (form: TokenForm) => [known, fresh].some((forms) => forms.some((other) => covers(other, form)))
  return {
    add(form) {
      if (isCovered(form)) return
      if (known.length + fresh.length >= most) throw tooMany(caller)
      fresh.push(form)
    },
    async register(tx) {
      for (const form of fresh) await tx.insertPattern(patternOf(form))
      return fresh.length > 0
    },
  }
}

function tooMany({ tenantId }: Caller): Fault {
  return tenantId === null
    ? forbidden(`This deployment knows ${mostForms} forms of keys already`, 'Create a new key in its place')
    : forbidden(
        `This deployment knows ${mostThroughTenants} forms of keys already, and this key has another`,
        'Have it imported by an admin over all tenants, or create a new key in its place',
      )
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
