/** What nodes tell each other. Lost messages cost time, wrong ones nothing: a node acts only on what SQL then says. */
export type NodeMessage =
  | { readonly kind: 'changed'; readonly seq: number }
  | { readonly kind: 'applied'; readonly nodeId: string; readonly seq: number }

export function encodeMessage(message: NodeMessage): string {
  return message.kind === 'changed' ? `c ${message.seq}` : `a ${message.seq} ${message.nodeId}`
}

export function decodeMessage(text: string): NodeMessage | undefined {
  const match = /^([ca]) (\d{1,16})(?: (\S{1,64}))?$/.exec(text)
  if (!match) return undefined
  const seq = Number(match[2])
  if (match[1] === 'c') return { kind: 'changed', seq }
  return match[3] === undefined ? undefined : { kind: 'applied', nodeId: match[3], seq }
}
