import { startReaper } from './cache/index.ts'
import type { Clock } from './kernel/clock.ts'
import type { NodeEvent } from './runtime-node.ts'
import { presenceMs, windowOf } from './runtime-protocol.ts'
import type { Stores } from './runtime-stores.ts'
import type { Settings } from './settings.ts'

/** Something that is done for all nodes on a database, by one of them each time. */
interface Duty {
  readonly name: string
  /** For the log: `… failed`. */
  readonly what: string
  readonly everyMs: number
  /** Goes on in pieces while `more` says so. */
  work(db: Stores['db'], settings: Settings, more: () => boolean): Promise<void>
}

/** For so long an entry of the audit is kept: a year, and some weeks in which to look back on it. */
const auditKeptMs = 400 * 24 * 3_600_000
const auditPiece = 1_000

const duties: readonly Duty[] = [
  {
    name: 'trim_log',
    what: 'trimming the log',
    everyMs: 60_000,
    work: async (db, settings) => void (await db.changeLog.trim(2 * windowOf(settings))),
  },
  {
    name: 'trim_audit',
    what: 'trimming the audit',
    everyMs: 3_600_000,
    async work(db, _settings, more) {
      while (more() && (await db.duties.trimAudit(auditKeptMs, auditPiece)) === auditPiece);
    },
  },
]

const reapEveryMs = 30_000
/** How often a node looks whether something is due, ms, on the average. */
const lookMs = 30_000

/**
 * What one node at a time does for all: striking off the dead, trimming the log and the audit. For whoever may write all
 * tables: the servers. The returned function ends when nothing is under way any more.
 */
export function startDuties(
  { db }: Pick<Stores, 'db'>,
  settings: Settings,
  clock: Clock,
  onEvent: (event: NodeEvent) => void,
): () => Promise<void> {
  const reap = async (marginMs: number) => {
    return (await db.duties.claim('reap', reapEveryMs / 2)) ? db.nodes.reap(marginMs) : []
  }
  const stopReaper = startReaper({
    clock,
    registry: { ...db.nodes, reap },
    random: Math.random,
    everyMs: reapEveryMs,
    marginMs: 3 * presenceMs,
    onEvent: (event) => onEvent({ source: 'duty', event: { ...event, what: 'membership' } }),
  })
  let going = true
  let running: Promise<void> = Promise.resolve()
  let cancel = () => {}
  const look = async () => {
    for (const { name, what, everyMs, work } of duties) {
      if (!going) return
      try {
        if (await db.duties.claim(name, everyMs)) await work(db, settings, () => going)
      } catch (cause) {
        onEvent({ source: 'duty', event: { kind: 'failed', what, cause } })
      }
    }
  }
  const next = () => {
    cancel = clock.after(lookMs * (0.5 + Math.random()), () => {
      running = look().then(() => {
        if (going) next()
      })
    })
  }
  next()
  return async () => {
    going = false
    stopReaper()
    cancel()
    await running
  }
}
