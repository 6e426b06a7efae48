/**
 * Single flight: while a load for a key is under way, everybody who asks for that key gets that load. Whether a
 * caller may *use* what a flight brings that began before the caller came is for the caller to judge.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Promise<T>>()

  get size(): number {
    return this.#flights.size
  }

  /** `joined` says that the flight was under way already. */
  take(key: string, load: () => Promise<T>): { readonly flight: Promise<T>; readonly joined: boolean } {
    const present = this.#flights.get(key)
    if (present) return { flight: present, joined: true }
    const flight = load().finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    return { flight, joined: false }
  }
}
