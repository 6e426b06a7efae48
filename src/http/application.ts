import type { Door } from '../gateway/door.ts'
import { addAdmin } from './admin.ts'
import { createAdmission } from './admission.ts'
import { type App, createApp } from './app.ts'
import type { RequestListener } from './authz.ts'
import { addDocs } from './docs.ts'
import type { Health } from './health.ts'
import { addHome } from './home.ts'
import { addMetrics } from './metrics.ts'
import { addOpenapi } from './openapi.ts'
import type { HttpParts } from './parts.ts'
import { addPlain } from './plain-routes.ts'
import { addUnknown } from './unknown.ts'

/** Everything but the check and the probes: admin API, metrics, reference and pages. Loaded when first asked for. */
export async function createApplication(
  parts: HttpParts,
  door: Door,
  plain: { readonly authz: RequestListener; readonly health: Health; readonly isDraining: () => boolean },
): Promise<App> {
  const app = createApp(parts.log, plain.isDraining)
  const admission = createAdmission(app, door)
  addUnknown(app, admission)
  await addOpenapi(app, parts.options.version)
  addPlain(app, plain)
  addMetrics(app, { ...parts, ...parts.options }, admission)
  await addAdmin(app, parts, admission)
  addHome(app, parts.nodeState, admission)
  addDocs(app)
  await app.ready()
  return app
}
