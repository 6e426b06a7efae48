import { createCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable, CacheableMemory } from 'cacheable'

/** A cache that loads what it lacks, in its memory tier only and in its fastest form that we know. */
export interface Peer {
  readonly name: string
  /** A hit, once the key was asked for before. */
  get(key: string): unknown
}

/** `load` is called once for each key. */
export function peersOver(load: (key: string) => unknown, size: number): readonly Peer[] {
  const later = async (key: string) => load(key)
  const dedupe = createCache({ ttl: 600, storage: { type: 'memory', options: { size } } })
  dedupe.define('check', later)
  const dedupeCheck = dedupe.check as (key: string) => Promise<unknown>

  const stored = bentostore().useL1Layer(memoryDriver({ maxItems: size, serialize: false }))
  const bento = new BentoCache({ default: 'memory', stores: { memory: stored } })

  const cacheable = new Cacheable({ ttl: '10m' })
  const cacheableMemory = new CacheableMemory({ ttl: '10m', useClone: false })

  return [
    { name: 'async-cache-dedupe', get: (key) => dedupeCheck(key) },
    { name: 'bentocache', get: (key) => bento.getOrSet({ key, ttl: '10m', factory: () => later(key) }) },
    { name: 'cacheable', get: (key) => cacheable.getOrSet(key, () => later(key)) },
    {
      name: 'cacheable, memory only',
      get(key) {
        const known = cacheableMemory.get(key)
        if (known === undefined) cacheableMemory.set(key, load(key))
        return known
      },
    },
  ]
}
