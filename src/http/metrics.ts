import type { Registry } from 'prom-client'
import { type Admission, requireAllTenants, sendAnswer } from './admission.ts'
import { refusalsOf, textAnswer } from './answers.ts'
import type { App } from './app.ts'

export interface MetricsParts {
  readonly metrics: Registry
  readonly openMetricsToLoopback: boolean
}

export function addMetrics(app: App, { metrics, openMetricsToLoopback }: MetricsParts, admission: Admission): void {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['operations'],
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
