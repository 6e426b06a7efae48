import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
  ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Clock, sleep } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { refuseExpectation, withOneHost } from './head-rules.ts'
import type { HttpLimits } from './limits.ts'

export interface Listener {
  /** Resolves with the address of the server, such as `http://127.0.0.1:8700`. */
  listen(host: string, port: number): Promise<string>
  /**
   * Tells every client to go elsewhere while it still serves them, for a lead of at most a second; then stops accepting,
   * lets open requests finish until `drainMs` are over, and cuts what is left.
   */
  close(drainMs: number): Promise<void>
}

export interface ListenerOptions {
  readonly clock: Clock
  readonly limits: HttpLimits
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly handle: RequestListener
}

/** How often a closing server looks for connections that have become idle, ms. */
const idleSweepMs = 25
const longestLeadMs = 1_000
/** So long nothing must have arrived before the socket is closed, ms. */
const quietMs = 10
const longestHoldMs = 100
const mostTurns = 100

export function createListener({ clock, limits, tls, handle }: ListenerOptions): Listener {
  let draining = false
  let connections = 0
  /** Counts what arrives, so that the closing can wait for a moment in which nothing does. */
  let arrivals = 0
  let held: (() => void)[] | undefined

  const guarded = withOneHost(handle)
  const server = createFrom(
    limits,
    tls,
    lastResponse(() => draining),
    (request, response) => {
      arrivals++
      if (held === undefined) guarded(request, response)
      else held.push(() => guarded(request, response))
    },
  )
  server.maxConnections = limits.connections
  server.timeout = 0
  server.on('clientError', answerBrokenRequest)
  server.on('checkExpectation', refuseExpectation)
  server.on('connection', (socket) => {
    arrivals++
    connections++
    socket.once('close', () => connections--)
  })

  /** Callers that open a connection for each request may have none at this moment. */
  async function isUsed(): Promise<boolean> {
    const seen = arrivals
    if (connections === 0) await sleep(clock, quietMs)
    return connections > 0 || arrivals !== seen
  }

  /**
   * A connection that waits to be accepted when the socket closes is reset by the kernel, and clients that are answered
   * come back at once: so answers are held until nothing arrives any more, or for as long as clients hardly notice.
   */
  async function stopAccepting(ended: () => void): Promise<void> {
    const answers: (() => void)[] = []
    held = answers
    const until = clock.mono() + longestHoldMs
    for (let seen = -1; seen !== arrivals && clock.mono() < until; ) {
      seen = arrivals
      await sleep(clock, quietMs)
    }
    // Each turn begins behind a poll that has accepted all there was.
    for (let seen = -1, turns = 0; seen !== arrivals && turns < mostTurns; turns++) {
      seen = arrivals
      await new Promise(setImmediate)
    }
    server.close(ended)
    held = undefined
    for (const answer of answers) answer()
  }

  return {
    listen: (host, port) => listen(server, host, port, tls === null ? 'http' : 'https'),
    async close(drainMs) {
      if (!server.listening) return
      draining = true
      const until = clock.mono() + drainMs
      if (await isUsed()) await sleep(clock, Math.min(longestLeadMs, drainMs / 4))
      const done = new AbortController()
      const ended = new Promise((resolve) => done.signal.addEventListener('abort', resolve))
      await stopAccepting(() => done.abort())
      while (!done.signal.aborted && clock.mono() < until) {
        server.closeIdleConnections()
        await sleep(clock, idleSweepMs, done.signal).catch(() => {})
      }
      server.closeAllConnections()
      await ended
    },
  }
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** Whatever is answered while the server drains ends its connection, also what was asked before. */
function lastResponse(isDraining: () => boolean): typeof ServerResponse {
  return class<R extends IncomingMessage> extends ServerResponse<R> {
    override writeHead(status: number, message?: string, headers?: Headers): this
    override writeHead(status: number, headers?: Headers): this
    override writeHead(status: number, ...rest: [never?, never?]): this {
      if (isDraining()) this.shouldKeepAlive = false
      return super.writeHead(status, ...rest)
    }
  }
}

function createFrom(
  limits: HttpLimits,
  tls: ListenerOptions['tls'],
  response: typeof ServerResponse,
  handle: RequestListener,
): Server {
  const options = {
    ServerResponse: response,
    // Said in our own words, and of more than one as well.
    requireHostHeader: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.sweepMs,
    noDelay: true,
  }
  if (tls === null) return createServer(options, handle)
  const secure = createTlsServer({ ...options, ...tls, handshakeTimeout: limits.headersMs }, handle)
  return secure as unknown as Server
}

function listen(server: Server, host: string, port: number, scheme: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { readonly code?: string }) => reject(cannotListen(host, port, cause))
    server.once('error', fail)
    server.listen({ host, port }, () => {
      server.off('error', fail)
      const { port: given } = server.address() as AddressInfo
      resolve(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${given}`)
    })
  })
}

function cannotListen(host: string, port: number, cause: Error & { readonly code?: string }): Fault {
  const mend = cause.code === 'EADDRINUSE' ? 'Stop what uses this port, or set PORT' : 'Set HOST and PORT'
  return new Fault('setting.invalid', { public: `Cannot listen on ${host}:${port}`, fix: mend, cause })
}
