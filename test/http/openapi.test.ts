import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type System, startSystem } from './system.ts'

interface Answer {
  readonly description?: string
  readonly content?: Readonly<Record<string, unknown>>
}
interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly unknown[]
  readonly responses: Readonly<Record<string, Answer>>
}
interface Description {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

let system: System
let description: Description
let operations: readonly { name: string; operation: Operation }[]

beforeAll(async () => {
  system = await startSystem()
  description = (await system.ask<Description>('/openapi.json')).json
  operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  )
})
afterAll(() => system.close())

test('is OpenAPI 3.1 and names every address', () => {
  expect(description.openapi).toBe('3.1.0')
  expect(Object.keys(description.paths).sort()).toEqual([
    '/',
    '/api/v1/apps',
    '/api/v1/apps/{id}',
    '/api/v1/audit',
    '/api/v1/cache/flush',
    '/api/v1/keys',
    '/api/v1/keys/import',
    '/api/v1/keys/verify',
    '/api/v1/keys/{id}',
    '/api/v1/keys/{id}/revoke',
    '/api/v1/keys/{id}/rotate',
    '/api/v1/nodes',
    '/api/v1/nodes/self',
    '/api/v1/tenants',
    '/api/v1/tenants/{id}',
    '/authz',
    '/docs',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/readyz',
  ])
})

test('each operation has a summary, a section, and its refusals as problems', () => {
  for (const { name, operation } of operations) {
    expect(operation.summary, name).toBeTruthy()
    expect(operation.tags, name).toHaveLength(1)
    if (!name.includes('/api/v1/')) continue
    expect(operation.security, name).toEqual([{ adminKey: [] }])
    for (const status of ['400', '401', '403', '503']) {
      expect(Object.keys(operation.responses[status]?.content ?? {}), name).toEqual(['application/problem+json'])
    }
  }
})

test('the check is described with its headers and every refusal', () => {
  const { responses } = operations.find(({ name }) => name === 'get /authz')?.operation ?? { responses: {} }
  expect(Object.keys(responses)).toEqual(['200', '400', '401', '403', '429', '503'])
  expect(JSON.stringify(responses['200'])).toContain('X-Gatehouse-Key-Id')
})

describe('/docs', () => {
  test('shows every address, its members and the codes', async () => {
    const { status, text } = await system.ask('/docs')
    expect(status).toBe(200)
    for (const path of Object.keys(description.paths)) expect(text).toContain(`<code>${path}</code>`)
    for (const word of ['expiresInSeconds', 'refusedEverywhereBy', 'REVOKED', 'idempotencyKey', 'graceSeconds']) {
      expect(text).toContain(word)
    }
  })
})
