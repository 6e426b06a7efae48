import type { Socket } from 'node:net'
import type { Clock } from '../kernel/clock.ts'

/** What the network does from now on to one direction. What is not named is healthy. */
export interface Weather {
  /** Time that every byte takes, in milliseconds. */
  readonly delayMs?: number
  /** The most that passes, in bytes a second. */
  readonly bytesPerSecond?: number
  /** Nothing passes and nobody is told; what was sent arrives when it ends, as TCP would have it. */
  readonly blackHole?: boolean
}

export interface LaneOptions {
  readonly from: Socket
  readonly to: Socket
  readonly clock: Clock
  readonly weather: () => Weather
  readonly isHeld: () => boolean
}

/** One direction of one proxied connection: a queue of what was read and is not yet written. */
export interface Lane {
  /** Bytes in the queue. */
  readonly waiting: number
  /** Writes what may pass now; asked whenever that may have changed. */
  pump(): void
  /** Calls back once, when all that was read has passed. */
  finish(then: () => void): void
  /** From now on reads and forgets. */
  swallow(): void
  /** Forgets the queue and passes nothing more. */
  close(): void
}

/** Past this the sender is no longer read, as a full receive window would do. */
const queueLimit = 16 * 1024 * 1024
/** A limited rate is dealt out in portions this far apart, or further where one byte takes longer. */
const portionMs = 20

export function createLane({ from, to, clock, weather, isHeld }: LaneOptions): Lane {
  let queue: { bytes: Buffer; readonly at: number }[] = []
  let state: 'open' | 'swallowing' | 'closed' = 'open'
  let hasEnded = false
  let nextPortionAt = 0
  let cancelTimer = () => {}
  let whenPassed: (() => void) | undefined

  const waiting = () => queue.reduce((sum, { bytes }) => sum + bytes.length, 0)

  from.on('data', (bytes: Buffer) => {
    if (state !== 'open') return
    queue.push({ bytes, at: clock.mono() })
    if (waiting() > queueLimit) from.pause()
    pump()
  })
  from.on('end', () => {
    hasEnded = true
    pump()
  })
  to.on('drain', () => pump())

  function pump(): void {
    cancelTimer()
    if (state !== 'open' || isHeld() || weather().blackHole || to.writableNeedDrain) return
    const { bytesPerSecond } = weather()
    const ready = bytesPerSecond === undefined ? takeDue(Number.POSITIVE_INFINITY) : takePortion(bytesPerSecond)
    if (ready.length > 0 && to.writable) to.write(Buffer.concat(ready))
    if (queue.length > 0) {
      pumpLater()
      return
    }
    from.resume()
    if (hasEnded && to.writable) to.end()
    whenPassed?.()
    whenPassed = undefined
  }

  /** Takes what has been under way long enough, up to `limit` bytes. */
  function takeDue(limit: number): Buffer[] {
    const taken: Buffer[] = []
    let left = limit
    for (let head = queue[0]; head && left > 0 && dueIn(head) <= 0; head = queue[0]) {
      const bytes = head.bytes.subarray(0, left)
      taken.push(bytes)
      left -= bytes.length
      if (bytes.length === head.bytes.length) queue.shift()
      else head.bytes = head.bytes.subarray(bytes.length)
    }
    return taken
  }

  function takePortion(bytesPerSecond: number): Buffer[] {
    if (clock.mono() < nextPortionAt) return []
    const everyMs = Math.max(portionMs, 1000 / bytesPerSecond)
    const taken = takeDue(Math.max(1, Math.floor((bytesPerSecond * everyMs) / 1000)))
    if (taken.length > 0) nextPortionAt = clock.mono() + everyMs
    return taken
  }

  function dueIn({ at }: { readonly at: number }): number {
    return at + (weather().delayMs ?? 0) - clock.mono()
  }

  function pumpLater(): void {
    const [head] = queue
    const portionIn = weather().bytesPerSecond === undefined ? 0 : nextPortionAt - clock.mono()
    if (head) cancelTimer = clock.after(Math.max(1, dueIn(head), portionIn), pump)
  }

  function stop(next: 'swallowing' | 'closed'): void {
    cancelTimer()
    state = next
    queue = []
    whenPassed = undefined
    if (!from.destroyed) from.resume()
  }

  return {
    get waiting() {
      return waiting()
    },
    pump,
    finish(then) {
      whenPassed = then
      pump()
    },
    swallow: () => stop('swallowing'),
    close: () => stop('closed'),
  }
}
