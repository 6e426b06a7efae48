import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../kernel/fault.ts'

/** Readable by its owner only; the files beside it inherit the mode. */
export function createFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    const detail = `DATABASE_URL names ${path}, which cannot be opened: ${(error as Error).message}`
    throw new Fault('setting.invalid', { detail, cause: error })
  }
}

/**
 * Throws `Fault('store.unavailable')` once the file at `path` is no longer the one that was there when this was called. An
 * open file that was moved or removed still takes writes, and they are gone with the process: a revocation among them.
 */
export function sameFile(path: string): () => void {
  const opened = statSync(path)
  return () => {
    const present = statSync(path, { throwIfNoEntry: false })
    if (present?.ino === opened.ino && present.dev === opened.dev) return
    throw new Fault('store.unavailable', {
      detail: `the database file ${path} was moved, removed or replaced under the running server: restart it`,
    })
  }
}
