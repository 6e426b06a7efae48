import type { Authority } from './authority.ts'
import { createKey } from './create-key.ts'
import { bootstrapAdmin, recoverAdmin } from './first-admin.ts'
import { flushCaches } from './flush-caches.ts'
import { importKeys } from './import-keys.ts'
import { createApp, deleteApp, updateApp } from './manage-apps.ts'
import { createTenant, deleteTenant, updateTenant } from './manage-tenants.ts'
import type { AuthorityParts } from './parts.ts'
import { deleteKey, revokeKey } from './revoke-key.ts'
import { visible, visibleOnly } from './rights.ts'
import { rotateKey } from './rotate-key.ts'
import { updateKey } from './update-key.ts'

export function createAuthority(parts: AuthorityParts): Authority {
  const { store } = parts
  return {
    createKey: (caller, input) => createKey(parts, caller, input),
    key: async (caller, id) => visible(caller, 'key', await store.key(id)),
    keys: async (caller, query) => store.keys(visibleOnly(caller, query)),
    updateKey: (caller, id, patch) => updateKey(parts, caller, id, patch),
    rotateKey: (caller, id, input) => rotateKey(parts, caller, id, input),
    revokeKey: (caller, id) => revokeKey(parts, caller, id),
    deleteKey: (caller, id) => deleteKey(parts, caller, id),
    importKeys: (caller, lines) => importKeys(parts, caller, lines),

    createTenant: (caller, input) => createTenant(parts, caller, input),
    tenant: async (caller, id) => visible(caller, 'tenant', await store.tenant(id)),
    tenants: async (caller, query) => store.tenants(visibleOnly(caller, query)),
    updateTenant: (caller, id, patch) => updateTenant(parts, caller, id, patch),
    deleteTenant: (caller, id) => deleteTenant(parts, caller, id),

    createApp: (caller, input) => createApp(parts, caller, input),
    app: async (caller, id) => visible(caller, 'app', await store.app(id)),
    apps: async (caller, query) => store.apps(visibleOnly(caller, query)),
    updateApp: (caller, id, patch) => updateApp(parts, caller, id, patch),
    deleteApp: (caller, id) => deleteApp(parts, caller, id),

    audit: async (caller, query) => store.audit(visibleOnly(caller, query)),

    bootstrapAdmin: (given) => bootstrapAdmin(parts, given),
    recoverAdmin: () => recoverAdmin(parts),
    flushCaches: (caller) => flushCaches(parts, caller),
  }
}
