import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Exploration {
  readonly tried: number
  readonly distinct: number
  readonly events: number
  readonly tookMs: number
  readonly failed: number
  readonly first: readonly { readonly seed: number; readonly violations: readonly string[] }[]
  /** Only where they were asked for. */
  readonly hashes?: readonly string[]
}

const script = new URL('explore.ts', import.meta.url).pathname

/** Explores in a process of its own, with the arguments of `explore.ts`. */
export async function exploreApart(...args: readonly string[]): Promise<Exploration> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { maxBuffer: 2 ** 26 })
  return JSON.parse(stdout)
}
