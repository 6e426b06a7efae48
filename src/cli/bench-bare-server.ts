import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The least that a server in this language can do: what Gatehouse adds is measured against it. */
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-length': 0 })
  response.end()
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
