import { randomBytes } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import type { ImportBody, IssuedKeyBody, NodeState, ReceiptBody, VerdictBody } from '../../src/http/contract.ts'
import { machineMs } from './monotonic.ts'

export interface TimedReceipt extends ReceiptBody {
  /** Machine time at which the answer was here. */
  readonly answeredMs: number
  readonly tookMs: number
}

/** What an operator does, over HTTP, at one node. */
export class AdminClient {
  readonly #url: string
  readonly #key: string
  readonly #agent = new Agent({ connections: 8, headersTimeout: 60_000 })

  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  async send(method: Dispatcher.HttpMethod, path: string, body?: unknown): Promise<unknown> {
    const headers = {
      authorization: `Bearer ${this.#key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const answer = await request(this.#url + path, {
      method,
      headers,
      dispatcher: this.#agent,
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`)
    return JSON.parse(text)
  }

  /** Of the node that this client talks to. */
  async nodeId(): Promise<string> {
    return ((await this.send('GET', '/api/v1/nodes/self')) as NodeState).id
  }

  async tenant(name = `tenant ${randomBytes(6).toString('hex')}`): Promise<string> {
    return ((await this.send('POST', '/api/v1/tenants', { name })) as { id: string }).id
  }

  async app(tenantId: string, name = `app ${randomBytes(6).toString('hex')}`): Promise<string> {
    return ((await this.send('POST', '/api/v1/apps', { tenantId, name, mode: 'service' })) as { id: string }).id
  }

  async key(members: Readonly<Record<string, unknown>>): Promise<IssuedKeyBody> {
    return (await this.send('POST', '/api/v1/keys', { kind: 'service', name: 'key', ...members })) as IssuedKeyBody
  }

  async rotate(id: string, body: { graceSeconds: number; idempotencyKey?: string }): Promise<IssuedKeyBody> {
    return (await this.send('POST', `/api/v1/keys/${id}/rotate`, body)) as IssuedKeyBody
  }

  async import(body: ImportBody): Promise<void> {
    const answer = (await this.send('POST', '/api/v1/keys/import', body)) as { imported: number }
    if (answer.imported !== body.keys.length) throw new Error(`not imported: ${JSON.stringify(answer)}`)
  }

  async verify(key: string): Promise<VerdictBody> {
    return (await this.send('POST', '/api/v1/keys/verify', { key })) as VerdictBody
  }

  /** `timeout`: waits for all nodes for so long; without it the answer comes at once. */
  async revoke(id: string, timeout?: string): Promise<TimedReceipt> {
    const sent = machineMs()
    const query = timeout === undefined ? '' : `?wait=all&timeout=${timeout}`
    const receipt = (await this.send('POST', `/api/v1/keys/${id}/revoke${query}`)) as ReceiptBody
    const answeredMs = machineMs()
    return { ...receipt, answeredMs, tookMs: answeredMs - sent }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}
