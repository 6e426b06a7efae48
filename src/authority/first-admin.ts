import { absence } from '../cache/subjects.ts'
import { patternsSubject } from '../domain/subjects.ts'
import { Fault } from '../kernel/fault.ts'
import type { Secret } from '../kernel/secret.ts'
import { keyPrefix } from '../tokens/key-format.ts'
import type { PepperRing } from '../tokens/peppers.ts'
import type { IssuedKey } from './authority.ts'
import { systemCaller } from './authority.ts'
import { newForms } from './foreign-patterns.ts'
import type { ForeignToken } from './foreign-token.ts'
import { clearToken } from './foreign-token.ts'
import { insertForeign, insertNative } from './insert-key.ts'
import { newKey } from './new-key.ts'
import type { AuthorityParts } from './parts.ts'
import type { ForeignPattern, WriteTransaction } from './store.ts'

type Issued = Omit<IssuedKey, 'position'>

/** Only while no admin key has ever existed. The answer to that is locked: of two nodes that start at once, one makes it. */
export async function bootstrapAdmin(parts: AuthorityParts, given?: Secret): Promise<IssuedKey | undefined> {
  const patterns = await parts.store.patterns()
  const { value, position } = await parts.store.write(async (tx): Promise<Issued | undefined> => {
    if (await tx.hadAdminKey()) return undefined
    if (given) return adopt(parts, tx, given, patterns)
    return insertNative(parts.peppers, tx, systemCaller('bootstrap'), adminDraft('First admin key', parts))
  })
  return value && { ...value, position }
}

/** For whoever lost every admin key and still has the database and the master key. */
export async function recoverAdmin(parts: AuthorityParts): Promise<IssuedKey> {
  const { value, position } = await parts.store.write((tx) =>
    insertNative(parts.peppers, tx, systemCaller('cli'), adminDraft('Recovered admin key', parts)),
  )
  return { ...value, position }
}

async function adopt(
  { peppers, clock }: AuthorityParts,
  tx: WriteTransaction,
  given: Secret,
  patterns: readonly ForeignPattern[],
): Promise<Issued> {
  const { form, lastFour, ...token } = readGiven(peppers, given)
  const draft = { kind: 'admin', tenantId: null, appId: null, name: 'First admin key' } as const
  const key = newKey({ ...draft, prefix: form.prefix, lastFour }, clock.wall())
  const caller = systemCaller('bootstrap')
  const forms = newForms(caller, patterns)
  forms.add(form)
  await insertForeign(tx, caller, key, { ...token, form, lastFour })
  await forms.register(tx)
  tx.mark({ subjects: [absence, patternsSubject], restricts: false })
  return { key, secret: given, repeated: false }
}

function readGiven(peppers: PepperRing, given: Secret): ForeignToken {
  try {
    return clearToken(peppers, given.reveal())
  } catch (cause) {
    throw new Fault('setting.invalid', {
      public: 'GATEHOUSE_ADMIN_KEY cannot be the first admin key',
      fix: 'Give 16 to 512 visible ASCII characters that are not a key which Gatehouse made, or leave it out and have one made',
      cause,
    })
  }
}

function adminDraft(name: string, { clock }: AuthorityParts) {
  return newKey({ kind: 'admin', tenantId: null, appId: null, name, prefix: keyPrefix('admin', null) }, clock.wall())
}
