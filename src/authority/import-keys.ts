import { absence } from '../cache/subjects.ts'
import type { App } from '../domain/app.ts'
import { patternsSubject } from '../domain/subjects.ts'
import type { Tenant } from '../domain/tenant.ts'
import { Fault } from '../kernel/fault.ts'
import type { Caller, Import, ImportLine, ImportResult } from './authority.ts'
import { checkMembers, checkName, expiryOf, invalid } from './check-input.ts'
import { type NewForms, newForms } from './foreign-patterns.ts'
import type { ForeignToken } from './foreign-token.ts'
import { readForeignToken } from './foreign-token.ts'
import { insertForeign } from './insert-key.ts'
import { newKey } from './new-key.ts'
import type { AuthorityParts } from './parts.ts'
import { writeOnce } from './parts.ts'
import { forbidden, requireRights, visible } from './rights.ts'
import type { WriteTransaction } from './store.ts'

const maxLines = 1000

/** All lines in one transaction: a line that is refused leaves the others standing, a failure of storage undoes them all. */
export async function importKeys(parts: AuthorityParts, caller: Caller, lines: readonly ImportLine[]): Promise<Import> {
  if (lines.length < 1 || lines.length > maxLines) {
    throw invalid(`${lines.length} lines were sent`, `Send 1 to ${maxLines} lines at once`)
  }
  const patterns = await parts.store.patterns()
  const { value, position } = await writeOnce(parts.store, async (tx) => {
    const owners = ownersIn(tx, caller)
    const forms = newForms(caller, patterns)
    const results: ImportResult[] = []
    for (const line of lines) {
      results.push(await importLine(parts, tx, caller, owners, line, forms))
    }
    const subjects = (await forms.register(tx)) ? [patternsSubject] : []
    const isNew = results.some(({ outcome }) => outcome === 'imported')
    if (isNew) tx.mark({ subjects: [...subjects, absence], restricts: false })
    return results
  })
  return { results: value, position }
}

async function importLine(
  parts: AuthorityParts,
  tx: WriteTransaction,
  caller: Caller,
  owners: Owners,
  line: ImportLine,
  forms: NewForms,
): Promise<ImportResult> {
  try {
    checkName(line.name)
    checkMembers(line)
    const nowMs = parts.clock.wall()
    const expiresAtMs = expiryOf(line, nowMs) ?? null
    if (line.sha256 !== undefined) requireProof(caller)
    const token = readForeignToken(parts.peppers, line)
    const { tenant, app } = await owners(line)
    requireRights(caller, { scopes: line.scopes ?? [], permissions: line.permissions ?? [] })
    const existing = await existingKey(tx, caller, token, tenant.id)
    if (existing) return existing
    const { form, lastFour } = token
    const owner = { tenantId: tenant.id, appId: app?.id ?? null }
    const key = newKey({ ...line, ...owner, expiresAtMs, prefix: form.prefix, lastFour }, nowMs)
    forms.add(form)
    await insertForeign(tx, caller, key, token)
    return { outcome: 'imported', keyId: key.id }
  } catch (error) {
    if (error instanceof Fault && refusals.has(error.code)) {
      return { outcome: 'refused', problem: error.public ?? error.message, fix: error.fix ?? '' }
    }
    throw error
  }
}

/** Thrown by the checks above, before anything of a line is written. A conflict comes from storage and undoes all. */
const refusals: ReadonlySet<string> = new Set(['request.invalid', 'request.not-found', 'request.forbidden'])

/** A digest shows nothing of who holds the key: within a tenant anybody's could be taken, and never become theirs. */
function requireProof({ tenantId }: Caller): void {
  if (tenantId === null) return
  throw forbidden(
    'An admin key with a tenant imports clear keys only',
    'Send the clear key, which only its holder has, or ask with an admin key over all tenants',
  )
}

/** Every import is idempotent by the token itself. Whose key it is, is told only to those who may see it. */
async function existingKey(
  tx: WriteTransaction,
  caller: Caller,
  token: ForeignToken,
  tenantId: string,
): Promise<ImportResult | undefined> {
  const made = await tx.digestByIdempotency(token.idempotencyDigest)
  if (!made) return undefined
  const key = await tx.key(made.keyId)
  if (key && key.tenantId !== tenantId && caller.tenantId === null) {
    const problem = `The key is a key of another tenant: key ${key.id} of ${key.tenantId}`
    return { outcome: 'refused', problem, fix: 'See its audit for who brought it; create a new key in its place here' }
  }
  const seen = key !== undefined && (caller.tenantId === null || caller.tenantId === key.tenantId)
  return { outcome: 'exists', keyId: seen ? made.keyId : null }
}

interface Owner {
  readonly tenant: Tenant
  readonly app: App | null
}
type Owners = (line: ImportLine) => Promise<Owner>

/** Reads each tenant and app once, though a thousand lines name them. */
function ownersIn(tx: WriteTransaction, caller: Caller): Owners {
  const tenants = new Map<string, Tenant | undefined>()
  const apps = new Map<string, App | undefined>()
  return async (line) => {
    const tenantId = line.tenantId ?? caller.tenantId
    if (tenantId === null) throw invalid('tenantId is missing', 'Say to which tenant the key is to belong')
    if (!tenants.has(tenantId)) tenants.set(tenantId, await tx.tenant(tenantId))
    const tenant = visible(caller, 'tenant', tenants.get(tenantId))
    const appId = line.appId ?? null
    if (appId === null) return { tenant, app: null }
    if (!apps.has(appId)) apps.set(appId, await tx.app(appId))
    const app = apps.get(appId)
    if (app?.tenantId !== tenantId) {
      throw invalid('appId names no app of this tenant', 'Look the id up in the list of apps, or leave it out')
    }
    return { tenant, app }
  }
}
