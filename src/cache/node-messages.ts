import type { Position } from './change-log.ts'

/** What nodes tell each other. Lost messages cost time, wrong ones nothing: a node acts only on what SQL then says. */
export type NodeMessage =
  | { readonly kind: 'changed'; readonly seq: number }
  /** With the mark, since a number alone may be one of a history that SQL has lost. */
  | { readonly kind: 'applied'; readonly nodeId: string; readonly at: Position }

export function encodeMessage(message: NodeMessage): string {
  return message.kind === 'changed' ? `c ${message.seq}` : `a ${message.at.seq}.${message.at.mark} ${message.nodeId}`
}

export function decodeMessage(text: string): NodeMessage | undefined {
  const changed = /^c (\d{1,16})$/.exec(text)
  if (changed) return { kind: 'changed', seq: Number(changed[1]) }
  const [, seq, mark, nodeId] = /^a (\d{1,16})\.([0-9A-Za-z]{1,16}) (\S{1,64})$/.exec(text) ?? []
  if (seq === undefined || mark === undefined || nodeId === undefined) return undefined
  return { kind: 'applied', nodeId, at: { seq: Number(seq), mark } }
}
