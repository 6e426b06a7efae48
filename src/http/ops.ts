import type { Registry } from 'prom-client'
import { Type } from 'typebox'
import { type Admission, requireAllTenants, sendAnswer } from './admission.ts'
import { refusalsOf, textAnswer } from './answers.ts'
import type { App } from './app.ts'
import type { NodeState, ReadyBody } from './contract.ts'
import { Ready } from './schemas.ts'

export interface Ops {
  readonly nodeState: () => Promise<NodeState>
  readonly isDraining: () => boolean
  readonly metrics: Registry
  readonly openMetricsToLoopback: boolean
}

const tags = ['operations']

export function addHealth(app: App, { nodeState, isDraining }: Ops): void {
  app.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'The process answers; nothing else is asked',
        response: { 200: Type.Object({ status: Type.String({ examples: ['ok'] }) }) },
      },
    },
    async () => ({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Whether this node can check keys',
        response: { 200: Ready, 503: { ...Ready, description: 'Not yet, no longer, or shutting down.' } },
      },
    },
    async (_request, reply) => {
      const state = await nodeState()
      const draining = isDraining()
      const ready = state.ready && !draining
      const body: ReadyBody = { ready, draining, lease: state.lease, log: state.log, tiers: state.tiers }
      return reply.code(ready ? 200 : 503).send(body)
    },
  )
}

export function addMetrics(app: App, { metrics, openMetricsToLoopback }: Ops, admission: Admission): void {
  app.get(
    '/metrics',
    {
      schema: {
        tags,
        summary: 'Metrics in the text form of Prometheus',
        security: [{ adminKey: [] }],
        response: { 200: textAnswer('text/plain', 'Names start with `gatehouse_`.'), ...refusalsOf(401, 403, 503) },
      },
      onRequest: async (request, reply) => {
        if (openMetricsToLoopback && admission.isLocal(request)) return
        const caller = await admission.admit(request)
        if ('headers' in caller) return sendAnswer(reply, caller)
        requireAllTenants(caller)
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  )
}
