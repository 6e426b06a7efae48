import pino, { type Logger } from 'pino'
import { Fault } from './kernel/fault.ts'
import type { NodeEvent } from './runtime-node.ts'
import type { Settings } from './settings.ts'

export function createLog({ logLevel }: Pick<Settings, 'logLevel'>): Logger {
  return pino({ level: logLevel, redact: ['req.headers.authorization', 'authorization', 'key', 'token'] })
}

const reading = 'reading the change log'

/** One line per change, not one per event: what fails again and again is said once, and once more when it ends. */
export function teller(log: Logger): (event: NodeEvent) => void {
  const failing = new Set<string>()
  const fails = (what: string, cause: unknown) => {
    if (failing.has(what)) return
    failing.add(what)
    log.warn({ cause: text(cause) }, `${what} fails`)
  }
  const works = (what: string) => {
    if (failing.delete(what)) log.info(`${what} works again`)
  }
  return ({ source, event }) => {
    if (source === 'log' && event.kind === 'beat') works(reading)
    if (source === 'log' && event.kind === 'beat-failed') fails(reading, event.cause)
    if (source === 'log' && (event.kind === 'forked' || event.kind === 'gap') && !failing.has(reading))
      log.error(event, 'the change log was reloaded')
    if (source === 'cache' && event.kind === 'source') {
      if (event.outcome === 'ok') works('looking keys up')
      else fails('looking keys up', undefined)
    }
    if (source === 'check' && event.kind === 'failed')
      log.debug({ cause: text(event.cause) }, 'a check could not be decided')
    if (source === 'duty' && event.kind === 'failed') log.warn({ cause: text(event.cause) }, `${event.what} failed`)
    if (source === 'duty' && event.kind === 'reaped') log.warn('nodes that went silent were struck off')
  }
}

/** What operators are told of a failure. */
export function text(cause: unknown): string | undefined {
  if (cause instanceof Fault) return [cause.message, text(cause.cause)].filter(Boolean).join(': ')
  return cause instanceof Error ? cause.message : undefined
}
