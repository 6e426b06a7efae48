import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findBinary } from '../test/servers/find-binary.ts'
import { loadCore, pinned } from './cores.ts'

const run = promisify(execFile)

export interface WrkOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
}

/** Asks as fast as answers come, on keep-alive connections, from the load's core. Answers per second; all must be 2xx. */
export async function wrk({ url, headers, connections, seconds }: WrkOptions): Promise<number> {
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, ...given, url]
  const [command, all] = pinned(loadCore, await findBinary('wrk'), args)
  const { stdout } = await run(command, [...all])
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
  if (/Non-2xx|Socket errors: connect [1-9]/.test(stdout) || !(rate > 0))
    throw new Error(`wrk met other answers:\n${stdout}`)
  return rate
}
