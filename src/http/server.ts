import { faultAnswer } from '../gateway/answer.ts'
import { createDoor } from '../gateway/door.ts'
import { newRequestId } from '../gateway/request-id.ts'
import type { App } from './app.ts'
import { createAuthz, type RequestListener, send } from './authz.ts'
import { inFront, nothingElse } from './front.ts'
import { createHealth } from './health.ts'
import { type HttpLimits, usualLimits } from './limits.ts'
import { createListener } from './listener.ts'
import type { HttpParts } from './parts.ts'

export interface HttpServer {
  /** Where it can be reached; `adminUrl` is the same unless the admin API has a listener of its own. */
  listen(): Promise<{ readonly url: string; readonly adminUrl: string }>
  /** `/readyz` turns 503, nothing new is accepted, open requests finish within the drain time. Twice does it once. */
  close(): Promise<void>
}

/**
 * The servers of one node. The web server is loaded by the first request that is neither a check nor a probe: a node that
 * only checks keys never holds it. `limits` is for tests of slow clients.
 */
export async function createHttpServer(parts: HttpParts, limits: HttpLimits = usualLimits): Promise<HttpServer> {
  const { clock, gate, log, options } = parts
  const { adminListen } = options
  let draining = false
  const door = createDoor({ ...options, gate })
  const authz = createAuthz({ door, clock, log })
  const isDraining = () => draining
  const health = createHealth({ ...parts, isDraining })
  const application = lazily(async () => {
    const { createApplication } = await import('./application.ts')
    return await createApplication(parts, door, { authz, health, isDraining })
  })

  const routed: RequestListener = (request, response) => {
    application
      .get()
      .then((app) => app.routing(request, response))
      .catch((error: unknown) => {
        const requestId = newRequestId()
        log.error({ requestId, err: error }, 'the web server could not be loaded')
        send(response, faultAnswer('internal', requestId))
      })
  }
  const listener = (rest: RequestListener) =>
    createListener({ clock, limits, tls: options.tls, handle: inFront(authz, health, rest) })
  const front = listener(adminListen === null ? routed : nothingElse)
  const admin = adminListen && listener(routed)
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    draining = true
    await Promise.all([front.close(options.drainMs), admin?.close(options.drainMs)])
    await (await application.loaded())?.close()
  }

  return {
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

/** Made by whoever asks first; a failure is not kept, so that the next one tries again. */
function lazily(make: () => Promise<App>) {
  let made: Promise<App> | undefined
  return {
    get(): Promise<App> {
      made ??= make().catch((error: unknown) => {
        made = undefined
        throw error
      })
      return made
    },
    async loaded(): Promise<App | undefined> {
      return await made?.catch(() => undefined)
    },
  }
}
