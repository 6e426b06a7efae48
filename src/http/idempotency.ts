import type { FastifyRequest } from 'fastify'
import { Fault } from '../kernel/fault.ts'

/** From the body or from the header `Idempotency-Key`, there with or without the quotes of a structured field. */
export function idempotencyKeyOf(request: FastifyRequest, inBody: string | undefined): string | undefined {
  const sent = request.raw.headersDistinct['idempotency-key'] ?? []
  const [first] = sent
  const inHeader = first === undefined ? undefined : (/^"(.*)"$/.exec(first)?.[1] ?? first)
  const differ = inBody !== undefined && inHeader !== undefined && inBody !== inHeader
  if (sent.length > 1 || differ) {
    throw new Fault('request.invalid', {
      public: 'More than one idempotency key was sent',
      fix: 'Send idempotencyKey or the header Idempotency-Key, once',
    })
  }
  return inBody ?? inHeader
}
