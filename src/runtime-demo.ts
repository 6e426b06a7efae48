import { type Authority, systemCaller } from './authority/authority.ts'
import type { Secret } from './kernel/secret.ts'

export interface Demo {
  readonly key: Secret
  readonly tenantId: string
  readonly appId: string
}

const demoName = 'demo'

/** A tenant, an app and a key to try things with. A second start makes only another key. */
export async function makeDemo(authority: Authority): Promise<Demo> {
  const caller = systemCaller('system')
  const tenants = await authority.tenants(caller, { limit: 200, q: demoName })
  const tenant =
    tenants.data.find(({ name }) => name === demoName) ?? (await authority.createTenant(caller, { name: demoName }))
  const apps = await authority.apps(caller, { limit: 200, tenantId: tenant.id, q: demoName })
  const app =
    apps.data.find(({ name }) => name === demoName) ??
    (await authority.createApp(caller, { tenantId: tenant.id, name: demoName, mode: 'service' }))
  const { secret } = await authority.createKey(caller, {
    kind: 'app',
    tenantId: tenant.id,
    appId: app.id,
    name: demoName,
  })
  return { key: secret, tenantId: tenant.id, appId: app.id }
}
