import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Authority } from '../authority/authority.ts'
import type { Gate } from '../gateway/gate.ts'
import type { Revoker } from '../gateway/revoker.ts'
import type { Clock } from '../kernel/clock.ts'
import type { NodeState } from './contract.ts'

/** What the servers are made of; put together by the composition root. */
export interface HttpParts {
  readonly clock: Clock
  readonly gate: Gate
  /** Announces every change to the other nodes by itself. */
  readonly authority: Authority
  readonly revoker: Revoker
  /** This node and what it knows of the others; never throws, never waits longer than a second. */
  readonly nodeState: () => Promise<NodeState>
  readonly log: Logger
  readonly metrics: Registry
  readonly options: HttpOptions
}

export interface HttpOptions {
  readonly host: string
  readonly port: number
  /** Where `/api`, `/metrics` and the pages are served, if not beside `/authz`. */
  readonly adminListen: { readonly host: string; readonly port: number } | null
  /** CIDRs of peers whose `X-Forwarded-*` and `X-Original-*` are believed. */
  readonly trustedProxies: readonly string[]
  /** Lower-case names of headers that may carry a key beside `Authorization`. */
  readonly credentialHeaders: readonly string[]
  /** Time for open requests to finish at shutdown, ms. */
  readonly drainMs: number
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** `/metrics` answers loopback peers without a credential. */
  readonly openMetricsToLoopback: boolean
  readonly version: string
}
