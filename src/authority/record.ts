import type { AuditEntry } from '../domain/audit.ts'
import { newId } from '../kernel/id.ts'
import type { Caller } from './authority.ts'
import type { WriteTransaction } from './store.ts'

/** Writes who did what into the audit, in the transaction of the change itself. */
export function record(
  tx: WriteTransaction,
  { id, ip, requestId }: Caller,
  entry: Omit<AuditEntry, 'id' | 'actor'>,
): Promise<void> {
  return tx.audit({ id: newId('aud'), actor: { id, ip, requestId }, ...entry })
}

/** The members in which two states of one thing differ, each as it was and as it is. */
export function differences<T extends object>(before: T, after: T, members: readonly (keyof T & string)[]) {
  const changes: Record<string, { from: unknown; to: unknown }> = {}
  for (const member of members) {
    if (JSON.stringify(before[member]) !== JSON.stringify(after[member])) {
      changes[member] = { from: before[member], to: after[member] }
    }
  }
  return changes
}
