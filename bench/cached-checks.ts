import { setImmediate as turn } from 'node:timers/promises'
import type { Gate } from '../src/gateway/gate.ts'
import { readBearer } from '../src/gateway/receive.ts'
import { createRuntime } from '../src/runtime.ts'
import { FreshTexts } from './fresh-text.ts'
import { makeKeys } from './many-keys.ts'
import type { Batch } from './pairs.ts'
import { scratchSettings } from './scratch-settings.ts'

/** A node on SQLite whose memory holds all its keys. */
export interface CachedChecks {
  readonly tokens: readonly string[]
  readonly gate: Gate
  close(): Promise<void>
}

export async function openCachedChecks(count: number): Promise<CachedChecks> {
  const runtime = await createRuntime(scratchSettings())
  const { tokens } = await makeKeys(runtime, count)
  for (const token of tokens) await runtime.gate.verify(token, { scope: 'app' })
  return { tokens, gate: runtime.gate, close: () => runtime.close() }
}

export const authorizationOf = (token: string) => `Bearer ${token}`

/** Header in, verdict out, as the door does it. Throws when a check was not an accepted hit. */
export function gatehouseBatch({ gate, tokens }: CachedChecks, slices: number): Batch {
  const headers = new FreshTexts(tokens.map(authorizationOf))
  const ask = { scope: 'app' }
  return timedBatch(headers, slices, (fresh) => {
    let accepted = 0
    for (const header of fresh) {
      const token = readBearer(header)
      if (typeof token === 'string' && gate.peek(token, ask)?.kind === 'accepted') accepted++
    }
    return accepted
  })
}

const perSlice = 10_000

/**
 * Runs `work` on slices of fresh strings and counts only its time, not the making of the strings: the processor time of
 * the whole process, collecting garbage included, so that what else the machine does is left out. Between slices the event
 * loop turns, so that a node's beats go on.
 */
export function timedBatch(
  texts: FreshTexts,
  slices: number,
  work: (fresh: readonly string[]) => number | Promise<number>,
): Batch {
  return async () => {
    let spentMs = 0
    let hits = 0
    for (let slice = 0; slice < slices; slice++) {
      const fresh = texts.take(perSlice)
      await turn()
      const before = process.cpuUsage()
      const result = work(fresh)
      hits += typeof result === 'number' ? result : await result
      const { user, system } = process.cpuUsage(before)
      spentMs += (user + system) / 1_000
    }
    const wanted = slices * perSlice
    if (hits !== wanted)
      throw new Error(`${wanted - hits} of ${wanted} look-ups were no hits: the figure means nothing`)
    return (wanted / spentMs) * 1000
  }
}
