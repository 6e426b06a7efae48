import pg from 'pg'
import { postgresFault } from './postgres-fault.ts'
import { clientConfig } from './postgres-pool.ts'
import type { StoreFacts } from './store-facts.ts'

/** Asks a PostgreSQL who it is, on a connection of its own. */
export async function postgresFacts(url: string): Promise<StoreFacts> {
  const client = new pg.Client({ ...clientConfig(url), query_timeout: 5000 })
  client.on('error', () => {}) // Else a connection that breaks ends the process.
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; now: number }>(
      `select current_setting('server_version') as version, (extract(epoch from clock_timestamp()) * 1000)::bigint as now`,
    )
    return { version: rows[0]?.version ?? 'unknown', wallMs: Number(rows[0]?.now) }
  } catch (error) {
    throw postgresFault(error)
  } finally {
    await client.end().catch(() => {})
  }
}
