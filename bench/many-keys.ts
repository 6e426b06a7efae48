import { systemCaller } from '../src/authority/authority.ts'
import type { Runtime } from '../src/runtime.ts'

export interface ManyKeys {
  readonly tokens: readonly string[]
  readonly ids: readonly string[]
}

/** App keys of one tenant and app, made by the authority itself. */
export async function makeKeys({ authority }: Pick<Runtime, 'authority'>, count: number): Promise<ManyKeys> {
  const caller = systemCaller('cli')
  const tenant = await authority.createTenant(caller, { name: 'bench' })
  const app = await authority.createApp(caller, { tenantId: tenant.id, name: 'bench', mode: 'service' })
  const tokens: string[] = []
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const issued = await authority.createKey(caller, {
      kind: 'app',
      tenantId: tenant.id,
      appId: app.id,
      name: `bench ${i}`,
    })
    tokens.push(issued.secret.reveal())
    ids.push(issued.key.id)
  }
  return { tokens, ids }
}
