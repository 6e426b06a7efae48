import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Clock, sleep } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { answerBrokenRequest } from './broken-request.ts'
import type { HttpLimits } from './limits.ts'

export interface Listener {
  /** Resolves with the address of the server, such as `http://127.0.0.1:8700`. */
  listen(host: string, port: number): Promise<string>
  /** Stops accepting, lets open requests finish for at most `drainMs`, then cuts what is left. */
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

export function createListener({ clock, limits, tls, handle }: ListenerOptions): Listener {
  let closing = false
  const server = createFrom(limits, tls, (request, response) => {
    // Of what is still read on open connections; answers that are under way are told so by the web server.
    if (closing) response.shouldKeepAlive = false
    handle(request, response)
  })
  server.maxConnections = limits.connections
  server.timeout = 0
  server.on('clientError', answerBrokenRequest)

  return {
    listen: (host, port) => listen(server, host, port, tls === null ? 'http' : 'https'),
    async close(drainMs) {
      if (!server.listening) return
      closing = true
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      const done = new AbortController()
      void ended.then(() => done.abort())
      const until = clock.mono() + drainMs
      while (!done.signal.aborted && clock.mono() < until) {
        server.closeIdleConnections()
        await sleep(clock, idleSweepMs, done.signal).catch(() => {})
      }
      server.closeAllConnections()
      await ended
    },
  }
}

function createFrom(limits: HttpLimits, tls: ListenerOptions['tls'], handle: RequestListener): Server {
  const options = {
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
