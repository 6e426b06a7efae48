import { inspect } from 'node:util'

/** A text that prints as `[secret]` wherever it is logged, interpolated or serialised by accident. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The clear text. Every call of this is a place to look at in a review. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
