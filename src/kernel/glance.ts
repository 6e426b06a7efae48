import type { Clock } from './clock.ts'

/**
 * Both clocks for little more than the price of one, for those who look a million times a second. While the wall shows
 * the same millisecond as at the last look, less than one has passed, so the last monotonic reading and one more bounds the
 * present one: what it says is never too early. The one thing it could miss is a wall that stepped back to the very
 * millisecond of the last look while nobody looked.
 */
export class Glance {
  readonly #clock: Clock
  /** Of the last look, in whole milliseconds: not before the monotonic time, and less than two past it. */
  mono = 0
  wall = Number.NaN

  constructor(clock: Clock) {
    this.#clock = clock
  }

  look(): void {
    const wall = this.#clock.wall()
    if (wall !== this.wall) {
      this.wall = wall
      this.mono = Math.ceil(this.#clock.mono()) + 1
    }
  }
}
