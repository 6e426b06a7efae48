import type { IncomingMessage } from 'node:http'
import type { Verdict } from '../domain/verdict.ts'
import { createClientAddress } from './client-address.ts'
import type { Ask, Gate } from './gate.ts'
import { type Head, type NotReceived, readHead, tokenFault } from './receive.ts'

export interface DoorOptions {
  readonly gate: Gate
  /** CIDRs of peers whose `X-Forwarded-For` and `X-Real-IP` are believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Headers that may carry a key beside `Authorization: Bearer`. Default: none. */
  readonly credentialHeaders?: readonly string[]
}

/** What a place asks of every request. */
export interface Asked {
  readonly scope?: string | undefined
  readonly permissions?: readonly string[] | undefined
}

/** Receive and authenticate, as every end of the pipeline over HTTP does it. */
export interface Door {
  head(request: IncomingMessage): Head
  address(request: IncomingMessage, head: Head): string | undefined
  /** An answer at once when this process knows it; never a rejection for what a caller sent. */
  check(request: IncomingMessage, head: Head, asked: Asked): Verdict | NotReceived | Promise<Verdict>
}

export function createDoor(options: DoorOptions): Door {
  const { gate } = options
  const names = (options.credentialHeaders ?? []).map((name) => name.toLowerCase())
  const addresses = createClientAddress(options.trustedProxies ?? [])
  const door: Door = {
    head: (request) => readHead(request.rawHeaders, names),
    address: (request, head) => addresses.of(request.socket.remoteAddress, head),
    check(request, head, { scope, permissions }) {
      const { credential } = head
      if (typeof credential !== 'string') return credential
      const peer = request.socket.remoteAddress
      const ip = addresses.of(peer, head)
      const ask: Ask = { scope, permissions, ip, peer: ip ?? peer }
      return gate.peek(credential, ask) ?? tokenFault(credential) ?? gate.verify(credential, ask)
    },
  }
  return door
}
