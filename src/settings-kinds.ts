import { isIPv4, isIPv6 } from 'node:net'
import { parseRedisUrl } from './adapters/redis-url.ts'
import { cidrProblem } from './domain/address.ts'
import { formatDuration, parseDuration } from './kernel/duration.ts'
import { Fault } from './kernel/fault.ts'
import { Secret } from './kernel/secret.ts'

/** What a setting may hold: how it is read, written, and told to the reader. */
export interface Kind<T> {
  /** Stands for the value in help: `--lease DURATION`. */
  readonly placeholder: string
  /** Completes "it must be …". */
  readonly allowed: string
  /** `undefined`: not allowed. Text comes from flags and the environment, anything from a file or a program. */
  read(given: unknown, world: World): T | undefined | Wrong
  /** How a value is shown in a configuration that is printed; never a secret. */
  show(value: T): unknown
  /** How a value that is not allowed is shown in the refusal. Default: as it is. */
  readonly showWrong?: (given: unknown) => string
}

/** A value that is not allowed, with a better reason than `allowed`. */
export class Wrong {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** What reading a setting may look at besides the setting. */
export interface World {
  readonly readFile: (path: string) => string
  /** A program may give numbers of milliseconds; people write the unit. */
  readonly numbersAreMs: boolean
}

const asText = (given: unknown) => (typeof given === 'string' ? given.trim() : undefined)

export function text(allowed: string, pattern: RegExp, placeholder = 'TEXT'): Kind<string> {
  return {
    placeholder,
    allowed,
    read(given) {
      const value = asText(given)
      return value !== undefined && pattern.test(value) ? value : undefined
    },
    show: (value) => value,
  }
}

export function choice<T extends string>(values: readonly T[]): Kind<T> {
  return {
    placeholder: values.join('|'),
    allowed: `one of ${values.join(', ')}`,
    read: (given) => values.find((value) => value === asText(given)?.toLowerCase()),
    show: (value) => value,
  }
}

export function whole(least: number, most: number, placeholder = 'N'): Kind<number> {
  return {
    placeholder,
    allowed: `a whole number from ${least} to ${most}`,
    read(given) {
      const value = typeof given === 'string' && /^\s*\d{1,12}\s*$/.test(given) ? Number(given) : given
      return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined
    },
    show: (value) => value,
  }
}

export function duration(leastMs: number, mostMs: number): Kind<number> {
  return {
    placeholder: 'DURATION',
    allowed: `a duration such as 500ms, 30s, 5m or 1d, from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`,
    read(given, world) {
      const isMs = typeof given === 'number' && Number.isInteger(given) && (world.numbersAreMs || given === 0)
      const value = isMs ? given : given === '0' ? 0 : parseDuration(asText(given) ?? '')
      return value !== undefined && value >= leastMs && value <= mostMs ? value : undefined
    },
    show: formatDuration,
  }
}

const truths: Readonly<Record<string, boolean>> = { true: true, 1: true, yes: true, false: false, 0: false, no: false }

export const yesNo: Kind<boolean> = {
  placeholder: '',
  allowed: 'true or false',
  read: (given) => (typeof given === 'boolean' ? given : truths[asText(given)?.toLowerCase() ?? '']),
  show: (value) => value,
}

/** An address, or a name: what looks like an address and is none would be asked of DNS, as a name that nobody has. */
function isHost(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIPv4(text)
  return text.includes(':')
    ? isIPv6(text)
    : /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(text)
}

export const host: Kind<string> = {
  placeholder: 'HOST',
  allowed: 'an address such as 127.0.0.1 or ::1, or a host name',
  read(given) {
    const value = asText(given)
    return value !== undefined && isHost(value) ? value : undefined
  },
  show: (value) => value,
}

/** `host:port`, `[::1]:port`, or a port alone on loopback. */
export const listener: Kind<{ readonly host: string; readonly port: number }> = {
  placeholder: 'HOST:PORT',
  allowed: 'an address and a port such as 127.0.0.1:8701',
  read(given) {
    const match = /^(?:(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):)?(\d{1,5})$/i.exec(String(given).trim())
    const port = Number(match?.[3] ?? Number.NaN)
    const where = match?.[1] ?? match?.[2] ?? '127.0.0.1'
    return port <= 65_535 && isHost(where) ? { host: where, port } : undefined
  },
  show: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
}

function items(given: unknown): readonly string[] | undefined {
  if (Array.isArray(given))
    return given.every((item) => typeof item === 'string') ? given.map((item) => item.trim()) : undefined
  return asText(given)
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const loopback = ['127.0.0.0/8', '::1/128'] as const

export const proxies: Kind<readonly string[]> = {
  placeholder: 'CIDR,…',
  allowed: 'addresses or CIDR blocks with commas between them, loopback, or none',
  read(given) {
    const given_ = items(given)
    if (!given_ || (given_.length === 0 && !Array.isArray(given))) return undefined
    const blocks = given_.flatMap((item) => (item === 'loopback' ? loopback : item === 'none' ? [] : [item]))
    const wrong = blocks.map(cidrProblem).find((problem) => problem !== undefined)
    return wrong ? new Wrong(`${wrong.problem}: ${wrong.fix}`) : blocks
  },
  show: (value) => value.join(', ') || 'none',
}

/** Headers that carry something else, or that a client must not be able to fill for another. */
const taken =
  /^(authorization|cookie|host|content-.*|connection|transfer-encoding|forwarded|x-(forwarded|original|gatehouse)-.*)$/

export const headers: Kind<readonly string[]> = {
  placeholder: 'NAME,…',
  allowed: 'names of headers with commas between them, such as x-api-key, apikey; or none',
  read(given) {
    const names = items(given)
      ?.map((name) => name.toLowerCase())
      .filter((name) => name !== 'none')
    if (!names?.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name))) return undefined
    const used = names.find((name) => taken.test(name))
    return used ? new Wrong(`${used} is a header that carries something else`) : [...new Set(names)]
  },
  show: (value) => value.join(', ') || 'none',
}

export function secret(allowed: string, fits: (clear: string) => boolean): Kind<Secret> {
  return {
    placeholder: 'SECRET',
    allowed,
    read(given) {
      const clear = given instanceof Secret ? given.reveal().trim() : asText(given)
      return clear !== undefined && fits(clear) ? new Secret(clear) : undefined
    },
    show: () => '[secret]',
    showWrong: (given) => (typeof given === 'string' ? `${given.trim().length} characters` : `a ${typeof given}`),
  }
}

/** PEM text, or the path of a file that holds it; `named` is how the path may be called in a refusal. */
function pem(given: unknown, world: World, named = (path: string) => path): string | undefined | Wrong {
  const value = given instanceof Secret ? given.reveal() : asText(given)
  if (!value || value.includes('-----BEGIN ')) return value || undefined
  try {
    const content = world.readFile(value)
    return content.includes('-----BEGIN ') ? content : new Wrong(`${named(value)} is not a PEM file`)
  } catch {
    return new Wrong(`${named(value)} cannot be read`)
  }
}

/** What was given may be the key itself, cut or in another form. */
const unnamed = (value: string) => `the file that its ${value.length} characters name`

export const certificate: Kind<string> = {
  placeholder: 'FILE',
  allowed: 'the path of a PEM file, or its text',
  read: (given, world) => pem(given, world),
  show: (value) => `PEM of ${value.length} characters`,
}

export const privateKey: Kind<Secret> = {
  placeholder: 'FILE',
  allowed: 'the path of a PEM file, or its text',
  read(given, world) {
    const value = pem(given, world, unnamed)
    return typeof value === 'string' ? new Secret(value) : value
  },
  show: () => '[secret]',
  showWrong: () => 'something else',
}

/** Hides all between the scheme and the last `@`, and what a query calls a password. */
export function redactUrl(url: string): string {
  return url
    .replace(/^([a-z+]*:\/\/)?.*@/is, '$1***@')
    .replace(/([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&]*/gi, '$1***')
}

const showWrongUrl = (given: unknown) =>
  typeof given !== 'string'
    ? `a ${typeof given}`
    : /:\/\/|^sqlite:/.test(given)
      ? JSON.stringify(redactUrl(given))
      : 'a text without a scheme'

export const databaseUrl: Kind<string> = {
  placeholder: 'URL',
  allowed: 'postgres://user:password@host:5432/database, or sqlite:PATH',
  read(given) {
    const value = asText(given)
    if (value?.startsWith('sqlite:')) return value.length > 'sqlite:'.length ? value : undefined
    return value && /^postgres(ql)?:\/\//.test(value) && URL.canParse(value) ? value : undefined
  },
  show: redactUrl,
  showWrong: showWrongUrl,
}

export const redisUrl: Kind<string> = {
  placeholder: 'URL',
  allowed: 'redis://host:6379, rediss://…, several with commas between them for a Cluster, or redis+sentinel://…',
  read(given) {
    const value = asText(given)
    if (value === undefined) return undefined
    try {
      parseRedisUrl(value)
      return value
    } catch (error) {
      return error instanceof Fault && error.public ? new Wrong(error.public.replace(/^.*?not valid: /, '')) : undefined
    }
  },
  show: redactUrl,
  showWrong: showWrongUrl,
}
