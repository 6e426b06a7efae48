import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../authority/authority.ts'
import type { Principal } from '../domain/principal.ts'
import type { Verdict } from '../domain/verdict.ts'
import { type Answer, notReceivedAnswer, refusalAnswer } from '../gateway/answer.ts'
import { isLoopback } from '../gateway/client-address.ts'
import type { Door } from '../gateway/door.ts'
import { Fault } from '../kernel/fault.ts'
import type { App } from './app.ts'

const place = { realm: 'gatehouse-admin', scope: 'admin' }

/** Lets callers with an admin key through, by the same check as everybody's. */
export interface Admission {
  /** For `onRequest`: before a byte of the body is read. */
  readonly required: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>
  /** Who calls, or the answer that refuses. */
  readonly admit: (request: FastifyRequest) => Promise<Caller | Answer>
  /** A peer on this machine that nobody stands behind: a proxy that forwards for others says so. */
  readonly isLocal: (request: FastifyRequest) => boolean
}

export function createAdmission(app: App, door: Door): Admission {
  app.decorateRequest('caller', null)

  async function admit(request: FastifyRequest): Promise<Caller | Answer> {
    const head = door.head(request.raw)
    const found = await door.check(request.raw, head, { scope: place.scope })
    if (found.kind === 'accepted') {
      const ip = door.address(request.raw, head) ?? null
      if (found.principal.kind === 'admin') return callerOf(found.principal, ip, request.id)
      // The scope alone may stand on any key; ruling is for keys that were made for it.
      const refused: Extract<Verdict, { kind: 'refused' }> = { ...found, kind: 'refused', reason: 'FORBIDDEN' }
      return refusalAnswer(refused, place, request.id)
    }
    if (found.kind === 'refused') return refusalAnswer(found, place, request.id)
    return notReceivedAnswer(found, place, request.id)
  }

  return {
    admit,
    async required(request, reply) {
      const caller = await admit(request)
      if ('headers' in caller) return sendAnswer(reply, caller)
      request.setDecorator('caller', caller)
      return undefined
    },
    isLocal: ({ raw }) => isLoopback(raw.socket.remoteAddress) && !forwarding.some((name) => name in raw.headers),
  }
}

const forwarding = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const

function callerOf(principal: Principal, ip: string | null, requestId: string): Caller {
  const { keyId, tenantId, scopes, permissions } = principal
  return { id: keyId, ip, requestId, tenantId, scopes, permissions }
}

/** Of a request that `required` let through. */
export function callerAt(request: FastifyRequest): Caller {
  const caller = request.getDecorator<Caller | null>('caller')
  if (caller === null) throw new Fault('internal', { detail: 'a route of the admin API lacks its admission' })
  return caller
}

/** What concerns the deployment as a whole is not for the admin of one tenant. */
export function requireAllTenants(caller: Caller): void {
  if (caller.tenantId === null) return
  throw new Fault('request.forbidden', {
    public: 'An admin key with a tenant may not see this',
    fix: 'Use an admin key over all tenants',
  })
}

export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]
    if (name !== undefined && name !== 'Content-Length') reply.header(name, headers[i + 1])
  }
  return reply.code(status).send(body)
}
