/**
 * Loaded before a node (`node --import`): its wall clock runs by an offset that the test sets, in a file that is read
 * again at SIGUSR2. The monotonic clock stays the machine's.
 */
import { existsSync, readFileSync } from 'node:fs'

const path = process.env.TEST_WALL_OFFSET_FILE ?? ''
const real = Date.now
let offsetMs = 0

function read(): void {
  offsetMs = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  process.stderr.write(`wall clock at ${offsetMs}\n`)
}

Date.now = () => real() + offsetMs
process.on('SIGUSR2', read)
read()
