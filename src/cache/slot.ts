import type { Position } from './change-log.ts'

/**
 * What a slot of the shared tier holds: the lease of the one who fills it, a value, a terminal state (written by a
 * revocation, never by a fill), or the fact that SQL has no such row.
 */
export type SlotState =
  | { readonly kind: 'lease'; readonly leaseId: string }
  | { readonly kind: 'value'; readonly at: Position; readonly payload: string }
  | { readonly kind: 'terminal'; readonly at: Position; readonly payload: string }
  | { readonly kind: 'absent'; readonly at: Position; readonly payload: string }

/** `1` is the version of the form: a state of another form is unreadable, and so a miss. */
const form = '1'
const letters = { lease: 'L', value: 'V', terminal: 'T', absent: 'N' } as const

/** What a compare-and-set compares: all that stands before the payload. */
export function tagOf(state: SlotState): string {
  const name = state.kind === 'lease' ? state.leaseId : `${state.at.seq}.${state.at.mark}`
  return `${form}${letters[state.kind]}|${name}|`
}

export function encodeSlot(state: SlotState): string {
  return 'payload' in state ? tagOf(state) + state.payload : tagOf(state)
}

/** `undefined` for whatever this version cannot read. */
export function decodeSlot(text: string): SlotState | undefined {
  const match = /^1([LVTN])\|([^|]{1,64})\|/.exec(text)
  const name = match?.[2]
  if (!match || name === undefined) return undefined
  if (match[1] === 'L') return { kind: 'lease', leaseId: name }
  const at = decodePosition(name)
  if (!at) return undefined
  const payload = text.slice(match[0].length)
  return { kind: match[1] === 'T' ? 'terminal' : match[1] === 'N' ? 'absent' : 'value', at, payload }
}

function decodePosition(text: string): Position | undefined {
  const match = /^(\d{1,16})\.([0-9A-Za-z]{1,16})$/.exec(text)
  return match?.[1] && match[2] ? { seq: Number(match[1]), mark: match[2] } : undefined
}

/**
 * The merge law: by sequence, then terminal before value before absent. It is idempotent, commutative and
 * associative, so replays and other orders end in the same state. A lease gives way to everything.
 */
export function supersedes(next: SlotState, current: SlotState): boolean {
  return rank(next) > rank(current)
}

const ranks = { lease: 0, absent: 1, value: 2, terminal: 3 } as const

/** Sequences stay below 2^51 (`2^32` forks of `2^19` changes each), so four times that is still exact. */
function rank(state: SlotState): number {
  return state.kind === 'lease' ? -1 : state.at.seq * 4 + ranks[state.kind]
}
