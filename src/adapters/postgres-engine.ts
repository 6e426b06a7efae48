import type { Push } from '../cache/shared-tier.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/fault.ts'
import type { SqlEngine } from './sql-engine.ts'

export async function openPostgres(
  _url: string,
  _poolSize: number,
  _clock: Clock,
): Promise<{ engine: SqlEngine; push: Push | null }> {
  throw new Fault('setting.invalid', { detail: 'DATABASE_URL names PostgreSQL, which comes next' })
}
