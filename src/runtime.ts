import type { Logger } from 'pino'
import type { Authority } from './authority/authority.ts'
import { createAuthority } from './authority/create-authority.ts'
import { announcing } from './gateway/announcing.ts'
import type { Gate } from './gateway/gate.ts'
import { createRevoker, type Revoker } from './gateway/revoker.ts'
import type { NodeState } from './http/contract.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import type { Secret } from './kernel/secret.ts'
import { type OpenedCheck, openCheck, startCheck } from './runtime-check.ts'
import { type Demo, makeDemo } from './runtime-demo.ts'
import { startDuties } from './runtime-duties.ts'
import { openKeyring } from './runtime-keyring.ts'
import { createLog } from './runtime-log.ts'
import type { CheckNode } from './runtime-node.ts'
import { stateOf } from './runtime-state.ts'
import type { Settings } from './settings.ts'
import type { PepperRing } from './tokens/peppers.ts'
import { version } from './version.ts'

/** A running system. */
export interface Runtime {
  readonly gate: Gate
  readonly authority: Authority
  readonly revoker: Revoker
  readonly node: CheckNode
  readonly log: Logger
  /** What the first start has made: shown once. */
  readonly bootstrap: Bootstrap
  readonly nodeState: () => Promise<NodeState>
  /** Opens the servers. */
  listen(): Promise<{ readonly url: string; readonly adminUrl: string }>
  /** Finishes what is under way, leaves the registry, closes the stores. Doing it twice does it once. */
  close(): Promise<void>
}

export interface Bootstrap {
  readonly adminKey?: Secret
  readonly demo?: Demo
}

/** Puts everything together and takes the first lease. Throws one sentence that names the setting and the mend. */
export async function createRuntime(settings: Settings, clock: Clock = systemClock): Promise<Runtime> {
  const log = createLog(settings)
  const opened = await openCheck(settings, clock, log, async ({ db }) => {
    await db.migrate()
    return await openKeyring(settings, db.kind, db.vault)
  })
  const { node, stores } = opened
  const silent = createAuthority({ store: stores.db.store, peppers: opened.ring, clock })
  const authority = announcing(silent, (seq) => node.receipts.announce(seq))
  let bootstrap: Bootstrap = {}
  // The node first: an admin key is shown once, so it is made only when nothing is left that could fail.
  await startCheck(opened, async () => {
    bootstrap = await makeBootstrap(settings, authority)
  })
  return running({ settings, clock, log, opened, silent, authority, bootstrap })
}

async function makeBootstrap(settings: Settings, authority: Authority): Promise<Bootstrap> {
  const admin = await authority.bootstrapAdmin(settings.adminKey ?? undefined)
  const demo = settings.demo ? await makeDemo(authority) : undefined
  return {
    // An admin key that the operator gave is known to the operator.
    ...(admin && settings.adminKey === null && { adminKey: admin.secret }),
    ...(demo && { demo }),
  }
}

interface Parts {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Logger
  readonly opened: OpenedCheck<PepperRing>
  /** Tells nobody: the revoker announces what it commits in an order of its own. */
  readonly silent: Authority
  readonly authority: Authority
  readonly bootstrap: Bootstrap
}

function running({ settings, clock, log, opened, silent, authority, bootstrap }: Parts): Runtime {
  const { stores, node, metrics } = opened
  const revoker = createRevoker({
    authority: silent,
    receipts: node.receipts,
    tier: stores.tier,
    clock,
    terminalMs: settings.positiveMs,
    onReceipt: ({ complete, nodes }) => {
      if (complete) metrics.onRevocation(Math.max(0, ...nodes.map((each) => each.confirmedAfterMs ?? 0)))
    },
  })
  const startedAt = new Date(clock.wall()).toISOString()
  const stopDuties = startDuties(stores, settings, clock, opened.onEvent)
  const nodeState = () => stateOf(settings, stores, node, clock, startedAt)
  const tls = settings.tls && { cert: settings.tls.cert, key: settings.tls.key.reveal() }

  let server: { close(): Promise<void> } | undefined
  let closing: Promise<void> | undefined
  return {
    gate: node.gate,
    authority,
    revoker,
    node,
    log,
    bootstrap,
    nodeState,
    async listen() {
      const { createHttpServer } = await import('./http/server.ts')
      const options = { ...settings, tls, version }
      const { gate } = node
      const http = await createHttpServer({
        ...{ clock, gate, authority, revoker, nodeState, log, options },
        metrics: metrics.registry,
      })
      server = http
      return await http.listen()
    },
    close() {
      closing ??= (async () => {
        await server?.close()
        await stopDuties()
        await node.stop()
        await stores.close()
      })()
      return closing
    },
  }
}
