/**
 * Strings as a socket brings them: new ones, whose hash nobody has worked out yet. V8 keeps a string's hash with the
 * string, so asking again and again with the same one would hide what a map costs.
 */
export class FreshTexts {
  readonly #bytes: readonly Buffer[]
  readonly #order: Uint32Array
  #next = 0

  constructor(texts: readonly string[]) {
    this.#bytes = texts.map((text) => Buffer.from(text, 'latin1'))
    this.#order = shuffled(texts.length)
  }

  /** The next `count`, in an order that looks random and visits all. */
  take(count: number): string[] {
    const texts: string[] = new Array(count)
    for (let i = 0; i < count; i++) {
      const which = this.#order[this.#next] ?? 0
      this.#next = (this.#next + 1) % this.#order.length
      texts[i] = this.#bytes[which]?.toString('latin1') ?? ''
    }
    return texts
  }
}

function shuffled(length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i)
  let state = 0x9e3779b9
  for (let i = length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = state % (i + 1)
    const held = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = held
  }
  return order
}
