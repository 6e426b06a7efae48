import type { Authority, Caller, Revocation } from '../authority/authority.ts'
import type { Receipt, Receipts } from '../cache/receipts.ts'
import type { SharedTier } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'

export interface RevokerOptions {
  readonly authority: Authority
  readonly receipts: Receipts
  readonly tier: SharedTier
  readonly clock: Clock
  /** How long a terminal state stays in the shared tier, ms: the longest life of a value there. */
  readonly terminalMs: number
  readonly onReceipt?: (receipt: Receipt) => void
}

export interface Revoker {
  /** Ends a key for good; `remove` hides it as well. Waits for the nodes for at most `timeoutMs`; 0 does not wait. */
  revoke(caller: Caller, keyId: string, how: { remove: boolean; timeoutMs: number }): Promise<Receipt>
}

/**
 * Commit, then the shared tier, then the word to the nodes. Once the commit stands nothing that fails here can bring
 * the key back: what the tier still holds is refused by its floor, and nodes that hear nothing read the log anyway.
 */
export function createRevoker(options: RevokerOptions): Revoker {
  const { authority, receipts, tier, clock, terminalMs, onReceipt } = options

  async function condemn({ digests, position }: Revocation): Promise<void> {
    const state = { kind: 'terminal', at: position, payload: '' } as const
    await Promise.allSettled(digests.map((digest) => tier.merge(digest, state, terminalMs)))
  }

  return {
    async revoke(caller, keyId, { remove, timeoutMs }) {
      const revocation = remove ? await authority.deleteKey(caller, keyId) : await authority.revokeKey(caller, keyId)
      const change = {
        ...revocation.position,
        committedAtMs: revocation.committedAtMs,
        knownMono: clock.mono(),
      }
      const nodes = receipts.nodes()
      nodes.catch(() => {}) // Asked while the others are told; a failure is thrown by the receipt.
      await condemn(revocation)
      await receipts.announce(change.seq, timeoutMs > 0)
      const receipt = await receipts.receipt(change, timeoutMs, nodes)
      onReceipt?.(receipt)
      return receipt
    },
  }
}
