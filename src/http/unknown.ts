import { type Admission, sendAnswer } from './admission.ts'
import type { App } from './app.ts'
import { problemOf, sendProblem } from './problem.ts'

/** Which methods each address takes: the router itself only knows that one of them was not found. */
type RouteTable = readonly { readonly form: RegExp; readonly methods: readonly string[] }[]

/** Before the first route: what is not found is told from what takes other methods. */
export function addUnknown(app: App, admission: Admission): void {
  const table = recordRoutes(app)
  app.setNotFoundHandler(async (request, reply) => {
    if (request.url.startsWith('/api/')) {
      // Which addresses there are is nothing for callers without a key.
      const caller = await admission.admit(request)
      if ('headers' in caller) return sendAnswer(reply, caller)
    }
    const allowed = methodsAt(table, request.url)
    if (allowed.length === 0) return sendProblem(reply, problemOf('request.not-found', request.id))
    reply.header('Allow', allowed.join(', '))
    return sendProblem(reply, problemOf('request.method', request.id))
  })
}

function recordRoutes(app: App): RouteTable {
  const table: { form: RegExp; methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')
    table.push({ form: new RegExp(`^${pattern}$`), methods: [method].flat() })
  })
  return table
}

function methodsAt(table: RouteTable, url: string): readonly string[] {
  const path = url.split('?', 1)[0] ?? ''
  const methods = table.filter(({ form }) => form.test(path)).flatMap((route) => route.methods)
  return [...new Set(methods)].sort()
}
