import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { createLane, type Lane, type Weather } from './fault-lane.ts'

/** `up` is from the client to the server, `down` from the server to the client. */
export type Direction = 'up' | 'down'

export interface FaultProxyOptions {
  /** The server behind the proxy. */
  readonly target: { readonly port: number; readonly host?: string }
  /** The port to listen on; a free one by default. */
  readonly port?: number
  readonly clock?: Clock
}

/**
 * A TCP proxy on loopback that behaves like a bad network. Weather holds until `heal`, for the connections that exist and
 * for those to come.
 */
export interface FaultProxy {
  readonly host: string
  readonly port: number
  /** Connections that clients hold open now. */
  readonly connections: number
  /** Sets the weather of one direction or of both. */
  weather(weather: Weather, direction?: Direction): void
  /** Bytes stop in both directions, connections stay open. Short for `weather({ blackHole: true })`. */
  blackHole(): void
  /** The server's side of what is connected is gone, the client is not told: it may send, and hears nothing. */
  halfOpen(): void
  /** Resets new connections at once. Those that exist go on. */
  refuse(): void
  /** Ends all of the above. What waited is delivered; half-open connections are reset. */
  heal(): void
  /** Keeps all that the server (or the client: `up`) sends, until `release` delivers it in one chunk per connection. */
  hold(direction?: Direction): void
  release(direction?: Direction): void
  /** Bytes that `hold` or the weather keep back now. */
  held(direction?: Direction): number
  /** Resets all connections, on both sides. New ones are welcome. */
  cut(): void
  /** Resets all connections and stops listening. */
  close(): Promise<void>
}

interface Connection {
  readonly client: Socket
  readonly server: Socket
  readonly lanes: Readonly<Record<Direction, Lane>>
  isHalfOpen: boolean
}

/** Starts a proxy in front of `options.target`. */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const clock = options.clock ?? systemClock
  const connections = new Set<Connection>()
  const weathers: Record<Direction, Weather> = { up: {}, down: {} }
  const holding: Record<Direction, boolean> = { up: false, down: false }
  let refusing = false

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    accept(client)
  })

  function accept(client: Socket): void {
    const server = connect({ port: options.target.port, host: options.target.host ?? '127.0.0.1', allowHalfOpen: true })
    client.setNoDelay(true)
    server.setNoDelay(true)
    const lane = (from: Socket, to: Socket, direction: Direction) =>
      createLane({ from, to, clock, weather: () => weathers[direction], isHeld: () => holding[direction] })
    const lanes = { up: lane(client, server, 'up'), down: lane(server, client, 'down') }
    const connection: Connection = { client, server, lanes, isHalfOpen: false }
    connections.add(connection)
    // The end of one side is news that travels like its bytes: a black hole keeps it from the other side too.
    client.on('error', () => undefined).on('close', () => lanes.up.finish(() => drop(connection)))
    server.on('error', () => undefined).on('close', () => lanes.down.finish(() => drop(connection)))
  }

  function drop(connection: Connection): void {
    if (!connections.delete(connection)) return
    for (const lane of Object.values(connection.lanes)) lane.close()
    for (const socket of [connection.server, connection.client]) {
      if (!socket.writableEnded) socket.resetAndDestroy() // One that has ended still delivers what it was given.
    }
  }

  function pump(direction?: Direction): void {
    for (const { lanes } of connections) for (const one of directions(direction)) lanes[one].pump()
  }

  function setWeather(weather: Weather, direction?: Direction): void {
    for (const one of directions(direction)) weathers[one] = weather
    pump(direction)
  }

  listener.listen(options.port ?? 0, '127.0.0.1')
  await once(listener, 'listening')

  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return [...connections].filter(({ client }) => !client.destroyed).length
    },
    weather: setWeather,
    blackHole: () => setWeather({ blackHole: true }),
    halfOpen() {
      for (const connection of connections) {
        connection.isHalfOpen = true
        connection.lanes.up.swallow()
        connection.lanes.down.close()
        connection.server.resetAndDestroy()
      }
    },
    refuse() {
      refusing = true
    },
    heal() {
      refusing = false
      for (const connection of connections) if (connection.isHalfOpen) drop(connection)
      setWeather({})
    },
    hold(direction = 'down') {
      holding[direction] = true
    },
    release(direction = 'down') {
      holding[direction] = false
      pump(direction)
    },
    held(direction = 'down') {
      return [...connections].reduce((sum, { lanes }) => sum + lanes[direction].waiting, 0)
    },
    cut() {
      for (const connection of connections) drop(connection)
    },
    async close() {
      const closed = once(listener, 'close')
      listener.close()
      for (const connection of connections) drop(connection)
      await closed
    },
  }
}

function directions(direction: Direction | undefined): readonly Direction[] {
  return direction ? [direction] : ['up', 'down']
}
