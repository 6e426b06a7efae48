/**
 * What the benchmarks use of their peers, so that the project's type check needs no peer installed. Where one changed
 * its interface, the benchmark says so when it runs.
 */
declare module 'async-cache-dedupe' {
  export function createCache(options: { ttl: number; storage: { type: 'memory'; options: { size: number } } }): {
    define(name: string, load: (key: string) => Promise<unknown>): void
    [name: string]: unknown
  }
}

declare module 'bentocache' {
  interface Store {
    useL1Layer(driver: unknown): Store
  }
  export function bentostore(): Store
  export class BentoCache {
    constructor(options: { default: string; stores: Record<string, Store> })
    getOrSet(options: { key: string; ttl: string; factory: () => Promise<unknown> }): Promise<unknown>
  }
}

declare module 'bentocache/drivers/memory' {
  export function memoryDriver(options: { maxItems: number; serialize: boolean }): unknown
}

declare module 'cacheable' {
  export class Cacheable {
    constructor(options: { ttl: string })
    getOrSet(key: string, load: () => Promise<unknown>): Promise<unknown>
  }
  export class CacheableMemory {
    constructor(options: { ttl: string; useClone: boolean })
    get(key: string): unknown
    set(key: string, value: unknown): void
  }
}
