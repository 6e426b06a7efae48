import { createDoor } from '../gateway/door.ts'
import { addAdmin } from './admin.ts'
import { createAdmission } from './admission.ts'
import { type App, createApp } from './app.ts'
import { createAuthz, type RequestListener } from './authz.ts'
import { addDocs } from './docs.ts'
import { inFront, onlyHealth } from './front.ts'
import { addHome } from './home.ts'
import { type HttpLimits, usualLimits } from './limits.ts'
import { createListener, type Listener } from './listener.ts'
import { addAuthz, addOpenapi } from './openapi.ts'
import { addHealth, addMetrics, type Ops } from './ops.ts'
import type { HttpParts } from './parts.ts'
import { addUnknown } from './unknown.ts'

export interface HttpServer {
  /** Where it can be reached; `adminUrl` is the same unless the admin API has a listener of its own. */
  listen(): Promise<{ readonly url: string; readonly adminUrl: string }>
  /** `/readyz` turns 503, nothing new is accepted, open requests finish within the drain time. Twice does it once. */
  close(): Promise<void>
  /** A request without a socket, for tests. */
  readonly inject: App['inject']
}

/** The servers of one node. `limits` is for tests of slow clients. */
export async function createHttpServer(parts: HttpParts, limits: HttpLimits = usualLimits): Promise<HttpServer> {
  const { clock, gate, log, options } = parts
  const door = createDoor({ ...options, gate })
  const authz = createAuthz({ door, clock, log })
  let draining = false
  const ops: Ops = { ...parts, ...options, isDraining: () => draining }

  const app = createApp(log)
  const admission = createAdmission(app, door)
  addUnknown(app, admission)
  await addOpenapi(app, options.version)
  addAuthz(app, authz)
  addHealth(app, ops)
  addMetrics(app, ops, admission)
  await addAdmin(app, parts, admission)
  addHome(app, ops, admission)
  addDocs(app)
  await app.ready()

  const listener = (handle: RequestListener) => createListener({ clock, limits, tls: options.tls, handle })
  const routed: RequestListener = (request, response) => app.routing(request, response)
  const { adminListen } = options
  const front = listener(inFront(authz, adminListen === null ? routed : onlyHealth(routed)))
  const admin = adminListen && listener(inFront(authz, routed))
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    draining = true
    const listeners: Listener[] = admin ? [front, admin] : [front]
    await Promise.all(listeners.map((each) => each.close(options.drainMs)))
    await app.close()
  }

  return {
    inject: app.inject.bind(app) as App['inject'],
    async listen() {
      const url = await front.listen(options.host, options.port)
      const adminUrl = admin && adminListen ? await admin.listen(adminListen.host, adminListen.port) : url
      log.info({ url, adminUrl }, 'listening')
      return { url, adminUrl }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}
