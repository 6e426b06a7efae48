import type { IssuedKey } from '../authority/authority.ts'
import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import type { IssuedKeyBody } from './contract.ts'
import { idempotencyKeyOf } from './idempotency.ts'
import { fromInstant } from './instant.ts'
import { pageQuery, pageView } from './pages.ts'
import {
  CreateKey,
  IdParams,
  IssuedKey as IssuedKeySchema,
  Key,
  KeyListMembers,
  listOf,
  RotateKey,
  UpdateKey,
} from './schemas.ts'
import { keyView } from './views.ts'

const tags = ['keys']

export function addKeys(routes: AdminRoutes): void {
  addCreation(routes)
  addReading(routes)
  const { app, authority } = routes
  app.patch(
    '/keys/:id',
    {
      schema: {
        tags,
        summary: 'Change, disable or enable a key',
        description: 'Members that are left out stay as they are; `null` clears.',
        params: IdParams,
        body: UpdateKey,
        response: adminAnswers({ 200: Key }, 404, 409),
      },
    },
    async (request) => {
      const { expiresAt, ...patch } = request.body
      const expiresAtMs = fromInstant('expiresAt', expiresAt)
      const { value } = await authority.updateKey(callerAt(request), request.params.id, { ...patch, expiresAtMs })
      return keyView(value)
    },
  )
}

function addCreation({ app, authority }: AdminRoutes): void {
  app.post(
    '/keys',
    {
      schema: {
        tags,
        summary: 'Create a key',
        description:
          'The answer is the only one that shows `key`. A repeat with the same idempotency key gives the same key and the header `Idempotent-Replayed: true`.',
        body: CreateKey,
        response: adminAnswers({ 201: IssuedKeySchema }, 404, 409),
      },
    },
    async (request, reply) => {
      const { expiresAt, ...input } = request.body
      const idempotencyKey = idempotencyKeyOf(request, input.idempotencyKey)
      const expiresAtMs = fromInstant('expiresAt', expiresAt)
      const issued = await authority.createKey(callerAt(request), { ...input, expiresAtMs, idempotencyKey })
      if (issued.repeated) reply.header('Idempotent-Replayed', 'true')
      return reply.code(201).header('Location', `/api/v1/keys/${issued.key.id}`).send(issuedView(issued))
    },
  )
  app.post(
    '/keys/:id/rotate',
    {
      schema: {
        tags,
        summary: 'Give a key a new secret',
        description: 'The id stays. The secret before works for `graceSeconds` more.',
        params: IdParams,
        body: RotateKey,
        response: adminAnswers({ 200: IssuedKeySchema }, 404, 409),
      },
      preValidation: async (request) => {
        // Nothing has to be said for a rotation without grace.
        request.body ??= {}
      },
    },
    async (request, reply) => {
      const { graceSeconds } = request.body
      const idempotencyKey = idempotencyKeyOf(request, request.body.idempotencyKey)
      const input = { graceSeconds, idempotencyKey }
      const issued = await authority.rotateKey(callerAt(request), request.params.id, input)
      if (issued.repeated) reply.header('Idempotent-Replayed', 'true')
      return issuedView(issued)
    },
  )
}

function addReading({ app, authority }: AdminRoutes): void {
  app.get(
    '/keys',
    {
      schema: {
        tags,
        summary: 'List keys',
        querystring: KeyListMembers,
        response: adminAnswers({ 200: listOf(Key) }, 404),
      },
    },
    async (request) => pageView(await authority.keys(callerAt(request), pageQuery(request.query)), keyView),
  )
  app.get(
    '/keys/:id',
    { schema: { tags, summary: 'Get a key', params: IdParams, response: adminAnswers({ 200: Key }, 404) } },
    async (request) => keyView(await authority.key(callerAt(request), request.params.id)),
  )
}

/** The one place where a clear key leaves. */
function issuedView({ key, secret }: IssuedKey): IssuedKeyBody {
  const { id, ...rest } = keyView(key)
  return { id, key: secret.reveal(), ...rest }
}
