import { Fault } from '../kernel/fault.ts'

export interface RedisEndpoint {
  readonly host: string
  readonly port: number
}

export interface RedisAccess {
  readonly username?: string
  readonly password?: string
  readonly tls: boolean
}

/** Where and how to reach Redis, as a URL says it. */
export type RedisAddress = RedisAccess &
  (
    | { readonly kind: 'single'; readonly node: RedisEndpoint; readonly db: number }
    | { readonly kind: 'cluster'; readonly nodes: readonly RedisEndpoint[] }
    | {
        readonly kind: 'sentinel'
        readonly sentinels: readonly RedisEndpoint[]
        readonly master: string
        readonly db: number
        readonly sentinelUsername?: string
        readonly sentinelPassword?: string
      }
  )

const fix =
  'Write redis://host:6379, rediss://user:password@host:6379, redis://host1:6379,redis://host2:6379 for a Cluster, ' +
  'or redis+sentinel://host1:26379,host2:26379/master-name; percent-encode @ : / , in names and passwords'

/**
 * Reads `redis://` and `rediss://` (TLS); several, comma-separated, or one with `?cluster=true` are a Cluster;
 * `redis+sentinel://` and `rediss+sentinel://` name sentinels and the master they watch (`mymaster` by default), with
 * `?sentinelUsername=` and `?sentinelPassword=` where the sentinels ask. Throws `Fault('setting.invalid')`, which never
 * repeats the URL: it may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const match = /^(rediss?)(\+sentinel)?:\/\/(.+)$/i.exec(text.trim())
  if (!match?.[1] || !match[3]) throw invalid('it must start with redis://, rediss:// or redis+sentinel://')
  const scheme = match[1].toLowerCase()
  const tls = scheme === 'rediss'
  if (match[2]) return sentinelAddress(match[3], tls)
  const urls = text
    .trim()
    .split(',')
    .map((part) => parsed(part.includes('://') ? part.trim() : `${scheme}://${part.trim()}`))
  const [first] = urls
  if (!first) throw invalid('it names no server')
  if (urls.some((url) => url.protocol !== `${scheme}:`)) throw invalid('its servers have different schemes')
  const nodes = urls.map((url) => endpoint(url, 6379))
  const access = accessOf(first, tls)
  const isCluster = urls.length > 1 || first.searchParams.get('cluster') === 'true'
  if (isCluster && databaseOf(first.pathname) !== 0) throw invalid('a Cluster has only database 0')
  if (isCluster) return { kind: 'cluster', nodes, ...access }
  return { kind: 'single', node: endpoint(first, 6379), db: databaseOf(first.pathname), ...access }
}

function sentinelAddress(rest: string, tls: boolean): RedisAddress {
  const at = rest.lastIndexOf('@', rest.search(/[/?]|$/))
  const login = rest.slice(0, at + 1)
  const [hosts = '', tail = ''] = split(rest.slice(at + 1), /[/?]/)
  const url = parsed(`redis://${login}sentinel${tail}`)
  const [, master = '', db = ''] = url.pathname.split('/')
  const username = url.searchParams.get('sentinelUsername')
  const password = url.searchParams.get('sentinelPassword')
  return {
    kind: 'sentinel',
    sentinels: hosts.split(',').map((host) => endpoint(parsed(`redis://${host.trim()}`), 26_379)),
    master: decoded(master) || 'mymaster',
    db: databaseOf(`/${db}`),
    ...accessOf(url, tls),
    ...(username && { sentinelUsername: username }),
    ...(password && { sentinelPassword: password }),
  }
}

/** What stands before the first match, and the rest with it. */
function split(text: string, separator: RegExp): readonly [string, string] {
  const at = text.search(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)]
}

function parsed(text: string): URL {
  const url = URL.parse(text)
  if (!url?.hostname) throw invalid('a server in it cannot be read')
  return url
}

function endpoint(url: URL, defaultPort: number): RedisEndpoint {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port ? Number(url.port) : defaultPort }
}

function accessOf(url: URL, tls: boolean): RedisAccess {
  return {
    tls,
    ...(url.username && { username: decoded(url.username) }),
    ...(url.password && { password: decoded(url.password) }),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('a % in it is not followed by two hexadecimal digits')
  }
}

function databaseOf(path: string): number {
  if (path === '' || path === '/') return 0
  const match = /^\/(\d{1,4})$/.exec(path)
  if (!match) throw invalid('what follows the server must be the number of a database')
  return Number(match[1])
}

function invalid(why: string): Fault {
  return new Fault('setting.invalid', { public: `The address of Redis is not valid: ${why}`, fix })
}
