import { inspect } from 'node:util'
import { Fault, faults } from '../kernel/fault.ts'
import { paintFor } from './output.ts'

/** Says what failed, and the mend, on standard error. Whoever runs a command is an operator: the detail is for them. */
export function tellFailure(error: unknown): void {
  process.stderr.write(`${paintFor(process.stderr)('red', 'gatehouse:')} ${sentenceOf(error)}\n`)
  if (process.env.DEBUG) process.stderr.write(`${inspect(error)}\n`)
}

export function sentenceOf(error: unknown): string {
  if (!(error instanceof Fault)) return ended(error instanceof Error ? error.message : String(error))
  const what = error.public ?? [faults[error.code].title, error.detail].filter(Boolean).join(': ')
  const request = error.public && error.detail?.startsWith('request ') ? ` (${error.detail})` : ''
  return [ended(what.replace(/\.$/, '') + request), error.fix && ended(error.fix)].filter(Boolean).join(' ')
}

const ended = (sentence: string) => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`)
