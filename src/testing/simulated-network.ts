/** One request with its reply, or one message, on its way. It moves only when the one who runs the world moves it. */
export interface Parcel {
  readonly from: string
  readonly to: string
  readonly what: string
  /** `request` has not had its effect yet; `reply` has, and its caller does not know. */
  stage: 'request' | 'reply'
  /** Takes the next step: the request has its effect, or the reply arrives. */
  step(): void
  /** The caller is told that there is no answer. What had no effect yet may still have one: the parcel lives on. */
  fail(reason: unknown): void
  /** Nobody waits for it any more. */
  orphan: boolean
}

/**
 * Calls between machines as parcels that lie here until somebody delivers, fails or forgets them: late, lost and
 * reordered are only other orders of delivery. An effect is one synchronous function, and so atomic.
 */
export class SimulatedNetwork {
  readonly parcels: Parcel[] = []

  /** `signal` makes the caller give up; a request that is under way may still have its effect. */
  call<R>(from: string, to: string, what: string, effect: () => R, signal?: AbortSignal): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      let outcome = () => {}
      const parcel: Parcel = {
        from,
        to,
        what,
        stage: 'request',
        orphan: false,
        step: () => {
          if (parcel.stage === 'reply') return finish(outcome)
          parcel.stage = 'reply'
          try {
            const result = effect()
            outcome = () => resolve(result)
          } catch (error) {
            outcome = () => reject(error)
          }
          if (parcel.orphan) this.#remove(parcel)
        },
        fail: (reason) => {
          const ghost = parcel.stage === 'request'
          finish(() => reject(reason))
          if (!ghost) return
          parcel.orphan = true
          this.parcels.push(parcel)
        },
      }
      const giveUp = () => parcel.fail(signal?.reason)
      const finish = (tell: () => void) => {
        signal?.removeEventListener('abort', giveUp)
        this.#remove(parcel)
        tell()
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.parcels.push(parcel)
    })
  }

  /** A message that nobody waits for. */
  post(from: string, to: string, what: string, arrive: () => void): void {
    const parcel: Parcel = {
      from,
      to,
      what,
      stage: 'request',
      orphan: true,
      step: () => {
        this.#remove(parcel)
        arrive()
      },
      fail: () => this.#remove(parcel),
    }
    this.parcels.push(parcel)
  }

  /** It never arrives anywhere. */
  forget(parcel: Parcel): void {
    this.#remove(parcel)
  }

  /** Order means nothing here, so the last takes the place. */
  #remove(parcel: Parcel): void {
    const index = this.parcels.indexOf(parcel)
    const last = this.parcels.pop()
    if (index < 0) {
      if (last) this.parcels.push(last)
      return
    }
    if (last && last !== parcel) this.parcels[index] = last
  }
}
