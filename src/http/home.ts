import type { Admission } from './admission.ts'
import { textAnswer } from './answers.ts'
import type { App } from './app.ts'
import type { NodeState } from './contract.ts'
import { type Html, html, sendPage } from './page.ts'

/** The plain page: what this node is and how it is. The other nodes only for those who may know of them. */
export function addHome(app: App, nodeState: () => Promise<NodeState>, admission: Admission): void {
  app.get(
    '/',
    {
      schema: {
        tags: ['operations'],
        summary: 'A page with the state of this node',
        response: { 200: textAnswer('text/html', 'The other nodes are shown to admins and to loopback.') },
      },
    },
    async (request, reply) => {
      const state = await nodeState()
      const caller = await admission.admit(request)
      const showsNodes = admission.isLocal(request) || ('tenantId' in caller && caller.tenantId === null)
      return sendPage(reply, `Gatehouse ${state.id}`, home(state, showsNodes))
    },
  )
}

function home(state: NodeState, showsNodes: boolean): Html {
  const { lease, log, tiers, entries } = state
  return html`<h1>Gatehouse</h1>
<p>${mark(state.ready, 'This node checks keys.', 'This node cannot check keys at present.')}</p>
<nav><a href="/docs">API reference</a><a href="/readyz">readiness</a><a href="/metrics">metrics</a></nav>
<h2>Node</h2><table>
${row('Id', state.id)}${row('Version', state.version)}${row('Started', state.startedAt)}${row('Posture', state.posture)}
</table><h2>Parts</h2><table>
${row(`Storage (${tiers.sql.kind})`, mark(tiers.sql.up, 'up', 'away'))}
${row(`Shared tier (${tiers.shared.kind})`, mark(tiers.shared.up, 'up', 'away'))}
${row('Change log', mark(!log.failing, `read up to ${log.seq ?? 'nothing'}`, `silent since ${log.seq ?? 'the start'}`))}
${row('Lease', mark(lease.live, 'live', lease.inGrace ? 'lapsed, within its grace' : 'lapsed'))}
${row('Lease and grace', `${lease.leaseMs} ms and ${lease.graceMs} ms`)}
</table><h2>Memory</h2><table>
${row('Keys', entries.entries)}${row('Keys kept warm', entries.warm)}
${row('Unknown keys remembered', entries.absent)}${row('Look-ups under way', entries.flights)}
</table>${showsNodes ? nodesOf(state) : html`<p class="soft">The other nodes are shown to callers with an admin key.</p>`}`
}

function nodesOf({ id, nodes }: NodeState): Html {
  const rows = nodes.map(
    (node) => html`<tr><td>${node.id}${node.id === id ? ' (this)' : ''}</td><td>${node.appliedSeq}</td>
<td>${node.boundMs} ms</td><td>${node.seenAt}</td><td>${node.left ? 'left' : 'here'}</td></tr>`,
  )
  return html`<h2>Nodes</h2><table><tr><th>Id</th><th>Applied</th><th>Bound</th><th>Seen</th><th></th></tr>${rows}</table>`
}

function row(name: string, value: string | number | Html): Html {
  return html`<tr><th>${name}</th><td>${value}</td></tr>`
}

function mark(good: boolean, yes: string, no: string): Html {
  return good ? html`<span class="good">${yes}</span>` : html`<span class="bad">${no}</span>`
}
