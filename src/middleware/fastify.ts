import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../domain/principal.ts'
import { createProtection, type Passage, type ProtectionOptions } from '../gateway/protection.ts'

export type GatehouseOptions = ProtectionOptions

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key it is; `null` only outside of what the plugin protects. */
    principal: Principal | null
  }
}

/**
 * Protects every route of the instance it is registered on, before a byte of a body is read, and answers what it refuses
 * as `/authz` does.
 *
 *   await app.register(gatehouse, { gate, scope: 'service' })
 *   app.get('/', (request) => request.principal?.tenantId)
 */
const plugin: FastifyPluginAsync<GatehouseOptions> = async (app: FastifyInstance, options) => {
  const enter = createProtection(options)
  if (!app.hasRequestDecorator('principal')) app.decorateRequest('principal', null)
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const passage: Passage = await enter(request.raw)
    if (passage.kind === 'passed') {
      request.principal = passage.principal
      return
    }
    const { status, headers, body } = passage.answer
    reply.hijack()
    reply.raw.writeHead(status, headers).end(body)
  })
}

// Fastify's own mark for a plugin that acts on the instance it is registered on, not on a child of it.
export const gatehouse: FastifyPluginAsync<GatehouseOptions> = Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'gatehouse',
})
