import type { Position } from './change-log.ts'

/** What nodes tell each other. Lost messages cost time, wrong ones nothing: a node acts only on what SQL then says. */
export type NodeMessage =
  /** `asks`: somebody waits for the word of every node. */
  | { readonly kind: 'changed'; readonly seq: number; readonly asks: boolean }
  /** With the mark, since a number alone may be one of a history that SQL has lost. */
  | { readonly kind: 'applied'; readonly nodeId: string; readonly at: Position }

export function encodeMessage(message: NodeMessage): string {
  if (message.kind === 'changed') return `${message.asks ? 'w' : 'c'} ${message.seq}`
  return `a ${message.at.seq}.${message.at.mark} ${message.nodeId}`
}

export function decodeMessage(text: string): NodeMessage | undefined {
  const changed = /^([cw]) (\d{1,16})$/.exec(text)
  if (changed) return { kind: 'changed', seq: Number(changed[2]), asks: changed[1] === 'w' }
  const [, seq, mark, nodeId] = /^a (\d{1,16})\.([0-9A-Za-z]{1,16}) (\S{1,64})$/.exec(text) ?? []
  if (seq === undefined || mark === undefined || nodeId === undefined) return undefined
  return { kind: 'applied', nodeId, at: { seq: Number(seq), mark } }
}
