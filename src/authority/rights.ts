import type { ApiKey, KeyKind } from '../domain/api-key.ts'
import { keyKinds } from '../domain/api-key.ts'
import type { App } from '../domain/app.ts'
import { permissionGranted } from '../domain/scope.ts'
import type { Tenant } from '../domain/tenant.ts'
import { Fault } from '../kernel/fault.ts'
import type { Caller } from './authority.ts'
import type { WriteTransaction } from './store.ts'

/**
 * What a caller may see and grant. A caller without a tenant may do everything. A caller with one
 * - sees that tenant only: the rest is not found, whether it exists or not;
 * - gives keys the scopes and permissions that its own key carries, and the scopes named as the kinds of keys;
 * - gives an admin key nothing that its own lacks: neither a later end nor another address;
 * - takes away whatever it sees: disabling and revoking ask for no rights.
 */

export function notFound(what: 'key' | 'tenant' | 'app'): Fault {
  return new Fault('request.not-found', {
    public: `There is no ${what} with this id`,
    fix: `Look the id up in the list of ${what}s`,
  })
}

export function forbidden(problem: string, fix: string): Fault {
  return new Fault('request.forbidden', { public: problem, fix })
}

export function requireAllTenants(caller: Caller): void {
  if (caller.tenantId !== null) {
    throw forbidden('An admin key with a tenant may not do this', 'Use an admin key over all tenants')
  }
}

/** Throws `request.not-found` unless the thing exists and the caller may see it. */
export function visible<T extends Tenant | App | ApiKey>(
  caller: Caller,
  what: 'key' | 'tenant' | 'app',
  found: T | undefined,
): T {
  const owner = found && ('tenantId' in found ? found.tenantId : found.id)
  if (!found || (caller.tenantId !== null && caller.tenantId !== owner)) throw notFound(what)
  return found
}

/** Narrows a list to what the caller sees. Asking for another tenant by name is not found. */
export function visibleOnly<Q extends { readonly tenantId?: string | undefined }>(caller: Caller, query: Q): Q {
  if (caller.tenantId === null) return query
  if (query.tenantId !== undefined && query.tenantId !== caller.tenantId) throw notFound('tenant')
  return { ...query, tenantId: caller.tenantId }
}

/** What is handed over with the secret of a key, or by making it work again. */
export type Grant = Pick<ApiKey, 'kind' | 'scopes' | 'permissions' | 'expiresAtMs' | 'allowedCidrs'>

/** Throws `request.forbidden` if the caller would give more than it has. */
export async function requireGrant(tx: WriteTransaction, caller: Caller, grant: Grant): Promise<void> {
  requireRights(caller, grant)
  if (caller.tenantId !== null && grant.kind === 'admin') requireWithin(await tx.key(caller.id), grant)
}

export function requireRights(caller: Caller, { scopes, permissions }: Pick<Grant, 'scopes' | 'permissions'>): void {
  if (caller.tenantId === null) return
  const scope = scopes.find((wanted) => !caller.scopes.includes(wanted) && !keyKinds.includes(wanted as KeyKind))
  if (scope !== undefined) throw lacks(`the scope ${scope}`)
  const permission = permissions.find((wanted) => !permissionGranted(caller.permissions, wanted))
  if (permission !== undefined) throw lacks(`the permission ${permission}`)
}

function requireWithin(own: ApiKey | undefined, grant: Grant): void {
  if (!own) return
  const ends = own.expiresAtMs
  if (ends !== null && (grant.expiresAtMs === null || grant.expiresAtMs > ends)) throw lacks('an expiry that late')
  const addresses = own.allowedCidrs
  const free = grant.allowedCidrs.length === 0 || grant.allowedCidrs.some((cidr) => !addresses.includes(cidr))
  if (addresses.length > 0 && free) throw lacks('addresses beyond its own list')
}

function lacks(what: string): Fault {
  return forbidden(
    `This admin key cannot grant what it lacks: ${what}`,
    'Leave it out, or ask with an admin key that has it',
  )
}
