import { type SlotState, tagOf } from './slot.ts'

/**
 * A keyed hash over a text: 22 to 64 characters without `.`. Only nodes have the key, so that whoever can write into the
 * shared tier can lose, repeat or garble what lies there, as the protocol expects of it, but not say anything new.
 */
export type Seal = (text: string) => string

type Stated = Exclude<SlotState, { readonly kind: 'lease' }>

/** The slot, the position and the kind are under the seal: what was true of one slot at one time is said of no other. */
export function sealed<S extends Stated>(seal: Seal | undefined, slot: string, state: S): S {
  return seal ? { ...state, payload: `${seal(sealedText(slot, state, state.payload))}.${state.payload}` } : state
}

/** The payload; `undefined` if no node has sealed it for this slot and position. */
export function unsealed(seal: Seal | undefined, slot: string, state: Stated): string | undefined {
  if (!seal) return state.payload
  const dot = state.payload.indexOf('.')
  const payload = state.payload.slice(dot + 1)
  return dot > 0 && equal(seal(sealedText(slot, state, payload)), state.payload.slice(0, dot)) ? payload : undefined
}

function sealedText(slot: string, state: Stated, payload: string): string {
  return `${slot}\n${tagOf(state)}\n${payload}`
}

/** A message that only a node can have sent. */
export function signed(seal: Seal | undefined, message: string): string {
  return seal ? `${message} ${seal(message)}` : message
}

/** The message; `undefined` if no node has signed it. */
export function verified(seal: Seal | undefined, text: string): string | undefined {
  if (!seal) return text
  const space = text.lastIndexOf(' ')
  const message = text.slice(0, space)
  return space > 0 && equal(seal(message), text.slice(space + 1)) ? message : undefined
}

/** In time that depends on the length alone. */
function equal(a: string, b: string): boolean {
  let differs = a.length ^ b.length
  for (let i = 0; i < a.length; i++) differs |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return differs === 0
}
