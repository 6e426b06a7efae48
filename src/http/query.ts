import type { FastifyRequest } from 'fastify'
import { checkText } from './json-body.ts'

/** In a query everything is a text: whole numbers are read here, since validation bends nothing. */
export function readQuery(request: FastifyRequest): void {
  const query = request.query as Record<string, unknown>
  for (const value of Object.values(query).flat()) if (typeof value === 'string') checkText(value)
  for (const value of Object.values(request.params ?? {})) if (typeof value === 'string') checkText(value)
  if (typeof query.limit === 'string' && /^\d{1,9}$/.test(query.limit)) query.limit = Number(query.limit)
}
