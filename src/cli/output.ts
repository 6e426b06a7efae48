import { systemClock } from '../kernel/clock.ts'
import { printable } from './printable.ts'
import { readableTime } from './readable-time.ts'
import { renderTable } from './table.ts'

/** One column of a table, or one line of a record. */
export interface Field<T> {
  readonly title: string
  readonly of: (item: T) => unknown
  /** The value is an RFC 3339 time, shown as people say it. */
  readonly time?: boolean
}

/** Where a command says what it did: tables for people, JSON lines for programs, nothing when it is to be quiet. */
export interface Output {
  readonly mode: 'human' | 'json' | 'quiet'
  /** One JSON line each, or one table. */
  list<T>(items: readonly T[], fields: readonly Field<T>[], empty: string): void
  /** One JSON line, or one line for each field that has a value. */
  record<T>(item: T, fields: readonly Field<T>[]): void
  /** A sentence for people only. */
  say(sentence: string): void
  /** One JSON line as well as a sentence. */
  done(item: unknown, sentence: string): void
  /** What must reach the reader in every mode, since it is never shown again. */
  once(item: unknown, lines: string): void
  readonly paint: Paint
}

export type Paint = (colour: keyof typeof colours, text: string) => string

const colours = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** Colours only where a person looks, and has not said otherwise. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const inColour = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return (colour, text) => (inColour ? `\u001B[${colours[colour]}m${text}\u001B[0m` : text)
}

export function createOutput(options: { readonly json?: boolean; readonly quiet?: boolean }): Output {
  const mode = options.quiet ? 'quiet' : options.json ? 'json' : 'human'
  const paint = paintFor(process.stdout)
  const line = (text: string) => process.stdout.write(`${text}\n`)
  const json = (item: unknown) => line(JSON.stringify(item))
  const human = (text: string) => mode === 'human' && line(text)
  return {
    mode,
    paint,
    list(items, fields, empty) {
      if (mode === 'json') for (const item of items) json(item)
      if (items.length === 0) return void human(paint('dim', empty))
      const rows = items.map((item) => fields.map((field) => shown(field, item)))
      human(
        renderTable(
          fields.map(({ title }) => title),
          rows,
          { width: process.stdout.isTTY ? process.stdout.columns : undefined, header: (text) => paint('bold', text) },
        ),
      )
    },
    record(item, fields) {
      if (mode === 'json') return void json(item)
      const present = fields
        .map((field) => [field.title, shown(field, item)] as const)
        .filter(([, text]) => text !== '')
      const width = Math.max(0, ...present.map(([title]) => title.length))
      for (const [title, text] of present) human(`${paint('dim', title.padEnd(width))}  ${text}`)
    },
    say: (sentence) => void human(sentence),
    done: (item, sentence) => void (mode === 'json' ? json(item) : human(sentence)),
    once: (item, lines) => void (mode === 'json' ? json(item) : line(lines)),
  }
}

function shown<T>(field: Field<T>, item: T): string {
  const value = field.of(item)
  if (value === null || value === undefined || value === '') return ''
  if (field.time && typeof value === 'string') return readableTime(Date.parse(value), systemClock.wall())
  if (Array.isArray(value)) return printable(value.join(' '))
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
