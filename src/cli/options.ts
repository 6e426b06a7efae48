import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../kernel/duration.ts'

/** Options of every list. */
export function asList(command: Command): Command {
  return command
    .option('--limit <N>', 'lines on a page, 1 to 200', whole, 50)
    .option('--cursor <CURSOR>', 'goes on where a page ended')
    .option('--all', 'every page, one after the other')
    .option('-q, --search <TEXT>', 'part of a name, or the beginning of an id')
}

export interface ListOptions {
  readonly limit: number
  readonly cursor?: string
  readonly all?: boolean
  readonly search?: string
}

/** `--scope a --scope b,c`; `none` alone stands for an empty list. */
export function words(given: string, before: readonly string[] | undefined): readonly string[] {
  const more = given
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '' && word !== 'none')
  return [...(before ?? []), ...more]
}

export function whole(given: string): number {
  if (!/^\d{1,9}$/.test(given)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(given)
}

/** A duration in whole seconds. */
export function seconds(given: string): number {
  const ms = given === '0' ? 0 : parseDuration(given)
  if (ms === undefined || ms % 1000 !== 0) throw new InvalidArgumentError('It must look like 30s, 5m, 12h or 30d.')
  return ms / 1000
}

export function duration(given: string): number {
  const ms = given === '0' ? 0 : parseDuration(given)
  if (ms === undefined) throw new InvalidArgumentError('It must look like 500ms, 30s or 5m.')
  return ms
}

/** RFC 3339, or `never`. */
export function instant(given: string): string {
  if (given === 'never') return given
  const ms = Date.parse(given)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must look like 2030-01-31T12:00:00Z, or be never.')
  return new Date(ms).toISOString()
}

/** What clears a member is a word on the command line, since an option cannot hold `null`. */
export function unless(word: 'none' | 'never', given: string): string | null {
  return given === word ? null : given
}

export function jsonObject(given: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(given)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be a JSON object such as {"team":"search"}.')
}
