import type { ImportKeyBody } from '../http/contract.ts'
import { Fault } from '../kernel/fault.ts'
import { parseCsv } from './csv.ts'

/** Members of a key that the file may leave to the command line. */
export type ImportDefaults = Partial<Pick<ImportKeyBody, 'kind' | 'tenantId' | 'appId'>>

const lists = new Set(['scopes', 'permissions'])
const known = new Set([
  ...['key', 'sha256', 'pattern', 'kind', 'tenantId', 'appId', 'name', 'scopes', 'permissions'],
  ...['environment', 'expiresAt'],
])

/**
 * Reads JSON lines, each a key as in `POST /api/v1/keys/import`, or CSV whose first line names the same members, lists
 * separated by spaces. What is wrong with a value is for the server to say.
 */
export function readImport(text: string, defaults: ImportDefaults): readonly ImportKeyBody[] {
  const keys = text.trimStart().startsWith('{') ? jsonLines(text) : csvLines(text)
  return keys.map((key, at) => ({ name: `imported ${at + 1}`, ...defaults, ...key })) as unknown as ImportKeyBody[]
}

function jsonLines(text: string): readonly object[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null) return [value]
    } catch {
      // Without the cause: it repeats the line, and with it the key.
    }
    throw unreadable(`line ${at + 1} is not a JSON object`)
  })
}

function csvLines(text: string): readonly object[] {
  const [header = [], ...rows] = rowsOf(text)
  const unknown = header.find((member) => !known.has(member.trim()))
  if (unknown !== undefined || header.length === 0) {
    throw unreadable('its first line does not name the members, such as key,name,kind,tenantId')
  }
  return rows.map((row) => Object.fromEntries(header.flatMap((member, at) => memberOf(member.trim(), row[at] ?? ''))))
}

function rowsOf(text: string) {
  try {
    return parseCsv(text)
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : 'its quotes do not match')
  }
}

/** An empty cell leaves the member out. */
function memberOf(member: string, cell: string): readonly (readonly [string, unknown])[] {
  if (cell === '') return []
  return [[member, lists.has(member) ? cell.split(/\s+/) : cell]]
}

function unreadable(why: string): Fault {
  return new Fault('request.malformed', {
    public: `The file cannot be read: ${why}`,
    fix: 'Write JSON lines such as {"key":"app-…","name":"old","kind":"app","tenantId":"ten_…"}, or CSV with a first line of names',
  })
}
