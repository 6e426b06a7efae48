import { expect, test } from 'vitest'
import { Fault } from '../kernel/fault.ts'
import { parseRedisUrl } from './redis-url.ts'

test.each([
  ['redis://localhost', { kind: 'single', node: { host: 'localhost', port: 6379 }, db: 0, tls: false }],
  ['redis://[::1]:7000/3', { kind: 'single', node: { host: '::1', port: 7000 }, db: 3, tls: false }],
  [
    'rediss://me:p%40ss%2Cword@cache.example:6380',
    {
      kind: 'single',
      node: { host: 'cache.example', port: 6380 },
      db: 0,
      username: 'me',
      password: 'p@ss,word',
      tls: true,
    },
  ],
  ['redis://:secret@h', { kind: 'single', node: { host: 'h', port: 6379 }, db: 0, password: 'secret', tls: false }],
  [
    'redis://:secret@a:1,redis://b:2, c',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 },
      ],
      password: 'secret',
      tls: false,
    },
  ],
  ['rediss://h?cluster=true', { kind: 'cluster', nodes: [{ host: 'h', port: 6379 }], tls: true }],
  [
    'redis+sentinel://a,b:5/main/2?sentinelPassword=sp',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 5 },
      ],
      master: 'main',
      db: 2,
      tls: false,
      sentinelPassword: 'sp',
    },
  ],
  [
    'rediss+sentinel://u:p@[::1]:5',
    {
      kind: 'sentinel',
      sentinels: [{ host: '::1', port: 5 }],
      master: 'mymaster',
      db: 0,
      tls: true,
      username: 'u',
      password: 'p',
    },
  ],
])('%s is read', (url, address) => {
  expect(parseRedisUrl(url)).toEqual(address)
})

test.each([
  'localhost:6379',
  'http://h',
  'redis://',
  'redis://:topsecret@',
  'redis://:topsecret@h:99999',
  'redis://:topsecret@h/name',
  'redis://:topsecret@a,rediss://b',
  'redis://:topsecret@a/1,redis://b/1',
  'redis+sentinel://:topsecret@/main',
  'redis+sentinel://:topsecret@a,,b/main',
  'redis://:topsecret%@h',
])('%s is refused with a mend, and without what it holds', (url) => {
  try {
    parseRedisUrl(url)
    expect.unreachable()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    expect(error.code).toBe('setting.invalid')
    expect(error.fix).toContain('redis://')
    expect(`${error.message} ${error.cause}`).not.toContain('topsecret')
  }
})
