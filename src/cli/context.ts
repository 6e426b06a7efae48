import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { Fault } from '../kernel/fault.ts'
import { Secret } from '../kernel/secret.ts'
import { type Api, createApi } from './api.ts'
import { createOutput, type Output } from './output.ts'
import { wrongUse } from './wrong-use.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly config?: string
  readonly url?: string
  readonly adminKey?: string
}

export function outputOf(command: Command): Output {
  return createOutput(command.optsWithGlobals<GlobalOptions>())
}

export interface Session {
  readonly api: Api
  readonly output: Output
}

/** What a command that manages things works with. */
export async function sessionOf(command: Command, timeoutMs?: number): Promise<Session> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const url = await serverUrl(options)
  const adminKey = adminKeyOf(options)
  return { output: createOutput(options), api: createApi({ url, adminKey, ...(timeoutMs && { timeoutMs }) }) }
}

/** As given; else where a server would listen that is started with the same settings here. */
async function serverUrl(options: GlobalOptions): Promise<string> {
  const given = options.url ?? process.env.GATEHOUSE_URL
  if (given) {
    if (/^https?:$/.test(URL.parse(given)?.protocol ?? '')) return given
    throw wrongUse(`The address of the server is ${JSON.stringify(given)}; it must look like http://127.0.0.1:8700`)
  }
  const { adminAddress } = await import('../settings.ts')
  return adminAddress({ configFile: options.config })
}

function adminKeyOf(options: GlobalOptions): Secret {
  const given = options.adminKey === '-' ? readStdin() : (options.adminKey ?? process.env.GATEHOUSE_ADMIN_KEY)
  if (given) return new Secret(given.trim())
  const path = process.env.GATEHOUSE_ADMIN_KEY_FILE
  if (path) return new Secret(readKeyFile(path))
  throw wrongUse(
    'This needs an admin key: set GATEHOUSE_ADMIN_KEY, or give --admin-key KEY (- reads it from standard input)',
  )
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new Fault('setting.invalid', {
      public: `GATEHOUSE_ADMIN_KEY_FILE names ${path}, which cannot be read`,
      fix: 'Name a file that this user may read',
      cause,
    })
  }
}

/** A key that is given as `-` comes from standard input, where no list of processes shows it. */
export function keyArgument(given: string): string {
  return given === '-' ? readStdin() : given
}

function readStdin(): string {
  if (process.stdin.isTTY) throw wrongUse('Nothing is piped into standard input, from where - reads')
  return readFileSync(0, 'utf8').trim()
}
