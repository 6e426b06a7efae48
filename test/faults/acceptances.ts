import type { CallRecord } from './callers.ts'

/** The requests that began after `sinceMs` (machine time) and were let through: after a receipt each is a broken promise. */
export function acceptedAfter(records: readonly CallRecord[], sinceMs: number): readonly CallRecord[] {
  return records.filter(({ status, startedMs }) => status === 200 && startedMs > sinceMs)
}

/** How long after `sinceMs` the last request began that was let through; 0 where there is none. */
export function lastAcceptedMs(records: readonly CallRecord[], sinceMs: number): number {
  return Math.max(0, ...acceptedAfter(records, sinceMs).map(({ startedMs }) => startedMs - sinceMs))
}
