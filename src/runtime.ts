import pino, { type Logger } from 'pino'
import { type Authority, type IssuedKey, systemCaller } from './authority/authority.ts'
import { createAuthority } from './authority/create-authority.ts'
import { announcing } from './gateway/announcing.ts'
import type { Gate } from './gateway/gate.ts'
import { createRevoker, type Revoker } from './gateway/revoker.ts'
import type { NodeState } from './http/contract.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { Fault } from './kernel/fault.ts'
import type { Secret } from './kernel/secret.ts'
import { openKeyring } from './runtime-keyring.ts'
import { createMetrics, type Metrics } from './runtime-metrics.ts'
import { type CheckNode, createCheckNode, type NodeEvent } from './runtime-node.ts'
import { openStores, type Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'
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
  readonly demo?: { readonly key: Secret; readonly tenantId: string; readonly appId: string }
}

/** Puts everything together and takes the first lease. Throws one sentence that names the setting and the mend. */
export async function createRuntime(settings: Settings, clock: Clock = systemClock): Promise<Runtime> {
  const log = pino({ level: settings.logLevel, redact: ['req.headers.authorization', 'authorization', 'key', 'token'] })
  const opened = await openCheck(settings, clock, log)
  try {
    return await assemble(settings, clock, log, opened)
  } catch (cause) {
    await opened.node.stop().catch(() => {})
    await opened.stores.close()
    throw cause
  }
}

export interface OpenedCheck {
  readonly stores: Stores
  readonly node: CheckNode
  readonly authority: Authority
  readonly metrics: Metrics
}

/** Stores, keys and a node that checks, not yet started: what the server and the library share. */
export async function openCheck(settings: Settings, clock: Clock, log: Logger): Promise<OpenedCheck> {
  let node: CheckNode | undefined
  const stores = await openStores(settings, clock, {
    onShared: (state, cause) => log.warn({ state, cause: text(cause) }, 'shared tier'),
    onSubscribed: () => void node?.follower.beat().catch(() => {}),
  })
  try {
    await stores.db.migrate()
    const peppers = await openKeyring(settings, stores.db.kind, stores.db.vault)
    const authority = createAuthority({ store: stores.db.store, peppers, clock })
    const metrics = createMetrics(() => node, stores.sharedUp)
    const tell = teller(log)
    node = createCheckNode(settings, stores, peppers, clock, (event) => {
      metrics.onEvent(event)
      tell(event)
    })
    return { stores, node, authority, metrics }
  } catch (cause) {
    await stores.close()
    throw cause
  }
}

async function assemble(settings: Settings, clock: Clock, log: Logger, opened: OpenedCheck): Promise<Runtime> {
  const { stores, node, metrics } = opened
  const { receipts } = node
  const admin = await opened.authority.bootstrapAdmin(settings.adminKey ?? undefined)
  await node.start()
  const authority = announcing(opened.authority, (seq) => receipts.announce(seq))
  const revoker = createRevoker({
    authority: opened.authority,
    receipts,
    tier: stores.tier,
    clock,
    terminalMs: settings.positiveMs,
    onReceipt: ({ complete, nodes }) => {
      if (complete) metrics.onRevocation(Math.max(0, ...nodes.map((each) => each.confirmedAfterMs ?? 0)))
    },
  })
  const startedAt = new Date(clock.wall()).toISOString()
  const nodeState = () => stateOf(settings, stores, node, startedAt)
  const demo = settings.demo ? await makeDemo(authority) : undefined
  const bootstrap = { ...shownOnce(admin, settings), ...(demo && { demo }) }

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
      const http = await createHttpServer({
        clock,
        gate: node.gate,
        authority,
        revoker,
        nodeState,
        log,
        metrics: metrics.registry,
        options: {
          ...settings,
          tls: settings.tls && { cert: settings.tls.cert, key: settings.tls.key.reveal() },
          version,
        },
      })
      server = http
      return await http.listen()
    },
    close() {
      closing ??= (async () => {
        await server?.close()
        await node.stop()
        await stores.close()
      })()
      return closing
    },
  }
}

/** An admin key that the operator gave is known to the operator. */
function shownOnce(admin: IssuedKey | undefined, settings: Settings): Bootstrap {
  return admin && settings.adminKey === null ? { adminKey: admin.secret } : {}
}

const demoName = 'demo'

/** A tenant, an app and a key to try things with. A second start makes only another key. */
async function makeDemo(authority: Authority): Promise<NonNullable<Bootstrap['demo']>> {
  const caller = systemCaller('system')
  const tenants = await authority.tenants(caller, { limit: 200, q: demoName })
  const tenant =
    tenants.data.find(({ name }) => name === demoName) ?? (await authority.createTenant(caller, { name: demoName }))
  const apps = await authority.apps(caller, { limit: 200, tenantId: tenant.id, q: demoName })
  const app =
    apps.data.find(({ name }) => name === demoName) ??
    (await authority.createApp(caller, { tenantId: tenant.id, name: demoName, mode: 'service' }))
  const { secret } = await authority.createKey(caller, {
    kind: 'app',
    tenantId: tenant.id,
    appId: app.id,
    name: demoName,
  })
  return { key: secret, tenantId: tenant.id, appId: app.id }
}

async function stateOf(settings: Settings, stores: Stores, node: CheckNode, startedAt: string): Promise<NodeState> {
  const { lease, follower } = node
  const age = lease.age()
  // A node that holds its lease has just read SQL; only one that does not needs to ask.
  const sqlUp = lease.isLive() || !follower.failing
  const nodes = sqlUp ? await stores.db.nodes.list().catch(() => []) : []
  return {
    id: node.id,
    version,
    startedAt,
    posture: settings.posture,
    ready: lease.isInGrace(),
    lease: {
      live: lease.isLive(),
      inGrace: lease.isInGrace(),
      ageMs: Number.isFinite(age) ? Math.round(age) : null,
      leaseMs: lease.leaseMs,
      graceMs: lease.graceMs,
    },
    log: { seq: follower.position?.seq ?? null, failing: follower.failing },
    tiers: {
      sql: { kind: stores.db.kind, up: sqlUp },
      shared: { kind: stores.sharedKind, up: stores.sharedUp() },
    },
    entries: node.cache.sizes,
    nodes: nodes.map((each) => ({
      id: each.id,
      appliedSeq: each.appliedSeq,
      boundMs: each.boundMs,
      seenAt: new Date(each.seenAtMs).toISOString(),
      left: each.leftAtMs !== null,
    })),
  }
}

/** One line per change, not one per event: what fails again and again is said once, and once more when it ends. */
function teller(log: Logger): (event: NodeEvent) => void {
  const failing = new Set<string>()
  const fails = (what: string, cause: unknown) => {
    if (failing.has(what)) return
    failing.add(what)
    log.warn({ cause: text(cause) }, `${what} fails`)
  }
  const works = (what: string) => {
    if (failing.delete(what)) log.info(`${what} works again`)
  }
  return ({ source, event }) => {
    if (source === 'log' && event.kind === 'beat') works('reading the change log')
    if (source === 'log' && event.kind === 'beat-failed') fails('reading the change log', event.cause)
    if (source === 'log' && (event.kind === 'forked' || event.kind === 'gap'))
      log.error(event, 'the change log was reloaded')
    if (source === 'cache' && event.kind === 'source') {
      if (event.outcome === 'ok') works('looking keys up')
      else fails('looking keys up', undefined)
    }
    if (source === 'check' && event.kind === 'failed')
      log.debug({ cause: text(event.cause) }, 'a check could not be decided')
    if (source === 'duty' && event.kind === 'failed') log.warn({ cause: text(event.cause) }, `${event.what} failed`)
    if (source === 'duty' && event.kind === 'reaped') log.warn('nodes that went silent were struck off')
  }
}

function text(cause: unknown): string | undefined {
  if (cause instanceof Fault) return [cause.message, text(cause.cause)].filter(Boolean).join(': ')
  return cause instanceof Error ? cause.message : undefined
}
