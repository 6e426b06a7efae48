import { Fault } from '../kernel/fault.ts'

export function toInstant(ms: number): string
export function toInstant(ms: number | null): string | null
export function toInstant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** The schema has seen to the form; a date may still be none (a leap second, the 31st of June). */
export function fromInstant(member: string, text: string | null | undefined): number | null | undefined {
  if (text === null || text === undefined) return text
  const ms = Date.parse(text)
  if (Number.isSafeInteger(ms)) return ms
  throw new Fault('request.invalid', { public: `${member} is not a time`, fix: 'Write it like 2030-01-31T12:00:00Z' })
}
