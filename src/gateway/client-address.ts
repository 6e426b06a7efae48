import { isIP } from 'node:net'
import { addressAllowed, cidrProblem, normaliseAddress } from '../domain/address.ts'
import { Fault } from '../kernel/fault.ts'
import type { Head } from './receive.ts'

export interface ClientAddress {
  /** Who calls. `undefined` when a trusted proxy says something that is no address: it fits no allow-list then. */
  of(peer: string | undefined, head: Pick<Head, 'forwardedFor' | 'realIp'>): string | undefined
}

/** Peers that were seen, so that one block list is asked once for each. */
const remembered = 1024

/**
 * The right-most hop that is not one of `trustedProxies`; what stands left of it was written by the client. Headers of
 * peers that are not trusted are not read at all. Throws `setting.invalid` for a block that is none.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  for (const cidr of trustedProxies) {
    const wrong = cidrProblem(cidr)
    if (wrong) throw new Fault('setting.invalid', { public: `Trusted proxies: ${wrong.problem}`, fix: wrong.fix })
  }
  const known = new Map<string, boolean>()

  function isTrusted(address: string): boolean {
    const before = known.get(address)
    if (before !== undefined) return before
    const trusted = trustedProxies.length > 0 && addressAllowed(trustedProxies, address)
    if (known.size >= remembered) known.clear()
    known.set(address, trusted)
    return trusted
  }

  function lastUntrusted(hops: string): string | undefined {
    let end = hops.length
    let address: string | undefined
    while (end >= 0) {
      const comma = end === 0 ? -1 : hops.lastIndexOf(',', end - 1)
      address = readHop(hops.slice(comma + 1, end).trim())
      if (address === undefined || !isTrusted(address)) return address
      end = comma
    }
    return address
  }

  return {
    of(peer, { forwardedFor, realIp }) {
      if (peer === undefined || (forwardedFor === undefined && realIp === undefined) || !isTrusted(peer)) return peer
      return forwardedFor === undefined ? readHop(realIp?.trim() ?? '') : lastUntrusted(forwardedFor)
    },
  }
}

/** Some proxies write the port behind the address. */
function readHop(text: string): string | undefined {
  if (isIP(text) !== 0) return normaliseAddress(text)
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1]
  return bare === undefined ? undefined : normaliseAddress(bare)
}

export function isLoopback(address: string | undefined): boolean {
  return addressAllowed(loopback, address)
}

const loopback = ['127.0.0.0/8', '::1/128'] as const
