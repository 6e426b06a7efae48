import { closeSync, openSync, readSync } from 'node:fs'
import { Fault } from '../kernel/fault.ts'
import { wrongUse } from './wrong-use.ts'

/** A key with all its members needs a tenth of it. */
const longestLine = 64 * 1024
/** A million keys. What comes from a pipe or a device need not end by itself. */
const mostBytes = 256 * 1024 * 1024

/** The text of a file, or of standard input for `-`. */
export function readSource(path: string): string {
  if (path === '-') {
    if (process.stdin.isTTY) throw wrongUse('Nothing is piped into standard input, from where - reads')
    return readText(0)
  }
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return readText(file)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('request.malformed', {
      public: `${path} cannot be read`,
      fix: 'Name a file of JSON lines or CSV, or - for standard input',
      cause,
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Reads piece by piece, so that what is no list of keys is refused before it fills the memory. */
function readText(file: number): string {
  const pieces: Buffer[] = []
  let bytes = 0
  let line = 1
  let lineBytes = 0
  for (;;) {
    const piece = Buffer.allocUnsafe(64 * 1024)
    const length = readSync(file, piece)
    if (length === 0) return Buffer.concat(pieces).toString('utf8')
    for (let start = 0; start < length; ) {
      const end = piece.subarray(0, length).indexOf(10, start)
      lineBytes += (end < 0 ? length : end) - start
      if (lineBytes > longestLine) throw tooLong(line)
      if (end < 0) break
      line++
      lineBytes = 0
      start = end + 1
    }
    bytes += length
    if (bytes > mostBytes) throw tooMuch()
    pieces.push(piece.subarray(0, length))
  }
}

function tooLong(line: number): Fault {
  return new Fault('request.malformed', {
    public: `The file cannot be read: line ${line} is longer than 64 KiB`,
    fix: 'Write each key on a line of its own',
  })
}

function tooMuch(): Fault {
  return new Fault('request.malformed', {
    public: 'The file cannot be read: it is larger than 256 MiB',
    fix: 'Import it in several parts',
  })
}
