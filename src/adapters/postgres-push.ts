import pg from 'pg'
import type { Push } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import { clientConfig, type PostgresPool } from './postgres-pool.ts'

const channel = 'gatehouse'
/** NOTIFY takes less than 8000 bytes. */
const bytesMax = 7_999
const pingMs = 5_000
const pingLimitMs = 2_000
const retryMs = { first: 100, most: 5_000 }

/**
 * Messages between nodes by NOTIFY, never inside a transaction that changes something: NOTIFY makes commits queue.
 * Listens on a connection of its own, opened with the first handler, and opens the next when it is lost; what was sent
 * in between is lost too. Handlers must not throw.
 */
export function createPostgresPush(pool: PostgresPool, url: string, clock: Clock): Push {
  const handlers = new Set<{ readonly handle: (message: string) => void }>()
  let link: pg.Client | undefined
  let failures = 0
  let closed = false
  let cancelTimer = () => {}
  let firstTry: Promise<void> | undefined

  /** Ends when the subscription stands, or has failed and will be tried again. */
  async function open(): Promise<void> {
    const next = new pg.Client({ ...clientConfig(url), query_timeout: pingLimitMs })
    link = next
    next.on('error', () => lost(next))
    next.on('end', () => lost(next))
    next.on('notification', ({ channel: from, payload = '' }) => {
      if (from === channel) for (const { handle } of [...handlers]) handle(payload)
    })
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
      if (link !== next) return
      failures = 0
      keepUp(next)
    } catch {
      lost(next)
    }
  }

  /** A link that died without a word is noticed by asking. */
  function keepUp(own: pg.Client): void {
    cancelTimer = clock.after(pingMs, () => {
      own.query('select 1').then(
        () => link === own && keepUp(own),
        () => lost(own),
      )
    })
  }

  function lost(own: pg.Client): void {
    if (link !== own) return
    link = undefined
    cancelTimer()
    own.end().catch(() => {})
    const wait = Math.min(retryMs.most, retryMs.first * 2 ** failures++) * (0.5 + Math.random() / 2)
    if (!closed) cancelTimer = clock.after(wait, () => void open())
  }

  return {
    async publish(message) {
      if (Buffer.byteLength(message) > bytesMax) {
        throw new Fault('tier.unavailable', { detail: `a message of more than ${bytesMax} bytes cannot be pushed` })
      }
      await pool.run({ text: 'select pg_notify($1, $2)', values: [channel, message] })
    },
    async subscribe(handler) {
      const entry = { handle: handler }
      handlers.add(entry)
      firstTry ??= open()
      await firstTry
      return () => {
        handlers.delete(entry)
      }
    },
    async close() {
      closed = true
      handlers.clear()
      cancelTimer()
      const own = link
      link = undefined
      await own?.end().catch(() => {})
    },
  }
}
