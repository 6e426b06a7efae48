/** The limit of this runtime: a bare `node:http` that answers 200 with the headers it is given, as JSON, in turn. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const headers = JSON.parse(process.argv[2] ?? '[]') as string[]

const server = createServer((_request, response) => {
  response.writeHead(200, headers)
  response.end()
})
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}` })}\n`)
})
process.on('SIGTERM', () => process.exit(0))
