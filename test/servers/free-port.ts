import { createServer } from 'node:net'

/**
 * Ports stay below every system's ephemeral range, so that no outgoing connection takes one while its server is being
 * restarted, and a Redis Cluster's bus port (port + 10000) stays below it too.
 */
const lowest = 11_000
const count = 10_000
let next = Math.floor(Math.random() * count)

/** A loopback port on which nothing listens. It is not reserved: a server that finds it taken asks for another. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    const port = lowest + next
    next = (next + 1) % count
    if (await canListen(port)) return port
  }
  throw new Error(`No free port between ${lowest} and ${lowest + count} on 127.0.0.1`)
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
