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
  return html`<header><h1>Gatehouse</h1>
<p class="status">${statusOf(state)}</p>
<nav aria-label="Pages"><a href="/docs">API reference</a><a href="/readyz">readiness</a><a href="/metrics">metrics</a></nav></header>
<main><h2>Node</h2><table>
${row('Id', state.id)}${row('Version', state.version)}${row('Started', state.startedAt)}${row('Posture', state.posture)}
</table><h2>Parts</h2><table>
${row(`Storage (${tiers.sql.kind})`, mark(tiers.sql.up, 'up', 'away'))}
${row(`Shared tier (${tiers.shared.kind})`, mark(tiers.shared.up, 'up', 'away'))}
${row('Change log', mark(!log.failing, `read up to ${log.seq ?? 'nothing'}`, `silent since ${log.seq ?? 'the start'}`))}
${row('Lease', mark(lease.live, 'live', lease.inGrace ? 'lapsed, within its grace' : 'lapsed'))}
${row('Lease and grace', `${seconds(lease.leaseMs)} and ${seconds(lease.graceMs)}`)}
</table><h2>Memory</h2><table>
${row('Keys', entries.entries)}${row('Keys kept warm', entries.warm)}
${row('Unknown keys remembered', entries.absent)}${row('Look-ups under way', entries.flights)}
</table>${showsNodes ? nodesOf(state) : html`<p class="soft">The other nodes are shown to callers with an admin key.</p>`}</main>`
}

function statusOf({ ready, lease, tiers }: NodeState): Html {
  if (!ready) return mark(false, '', 'This node cannot check keys at present.')
  if (lease.live)
    return mark(tiers.shared.up, 'This node checks keys.', 'This node checks keys, without its shared tier.')
  return mark(false, '', 'This node accepts only the keys that it knew already: it cannot reach its storage.')
}

function nodesOf({ id, nodes }: NodeState): Html {
  // They stand in storage: none at all means that it could not be asked.
  if (nodes.length === 0) return html`<h2>Nodes</h2><p class="bad">Not known while storage is away.</p>`
  const rows = nodes.map(
    (node) => html`<tr><td>${node.id}${node.id === id ? ' (this)' : ''}</td><td>${node.left ? 'left' : 'here'}</td>
<td>${node.appliedSeq}</td><td>${seconds(node.boundMs)}</td><td>${node.seenAt}</td></tr>`,
  )
  const titles = ['Id', 'State', 'Applied', 'Bound', 'Seen'].map((title) => html`<th scope="col">${title}</th>`)
  return html`<h2>Nodes</h2><div class="wide" tabindex="0" role="region" aria-label="Nodes"><table>
<thead><tr>${titles}</tr></thead><tbody>${rows}</tbody></table></div>`
}

function row(name: string, value: string | number | Html): Html {
  return html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`
}

const seconds = (ms: number) => `${ms / 1000} s`

function mark(good: boolean, yes: string, no: string): Html {
  return good ? html`<span class="good">${yes}</span>` : html`<span class="bad">${no}</span>`
}
