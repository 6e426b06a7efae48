import type { AdminRoutes } from './admin-routes.ts'
import type { Admission } from './admission.ts'
import type { App } from './app.ts'
import { addApps } from './apps.ts'
import { addAudit } from './audit.ts'
import { addKeys } from './keys.ts'
import { addImport } from './keys-import.ts'
import { addRevocation } from './keys-revoke.ts'
import { addVerification } from './keys-verify.ts'
import { addNodes } from './nodes.ts'
import { addTenants } from './tenants.ts'

/** The admin API. */
export async function addAdmin(app: App, parts: Omit<AdminRoutes, 'app'>, admission: Admission): Promise<void> {
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', admission.required)
      // Each route says that it needs the credential, for the documentation.
      scope.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, security: [{ adminKey: [] }] }
      })
      const routes: AdminRoutes = { ...parts, app: scope as App }
      addTenants(routes)
      addApps(routes)
      addKeys(routes)
      addVerification(routes)
      addRevocation(routes)
      addImport(routes)
      addAudit(routes)
      addNodes(routes)
    },
    { prefix: '/api/v1' },
  )
}
