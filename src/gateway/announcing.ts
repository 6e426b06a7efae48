import type { Authority } from '../authority/authority.ts'
import type { Position } from '../cache/change-log.ts'

/** The authority, but every change that caches must hear of is announced before its answer is given. */
export function announcing(authority: Authority, announce: (seq: number) => Promise<void>): Authority {
  function told<A extends readonly unknown[], R extends { readonly position: Position | null } | undefined>(
    operation: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const result = await operation(...args)
      if (result?.position) await announce(result.position.seq)
      return result
    }
  }
  return {
    ...authority,
    bootstrapAdmin: told(authority.bootstrapAdmin),
    createKey: told(authority.createKey),
    updateKey: told(authority.updateKey),
    rotateKey: told(authority.rotateKey),
    importKeys: told(authority.importKeys),
    updateTenant: told(authority.updateTenant),
    deleteTenant: told(authority.deleteTenant),
    updateApp: told(authority.updateApp),
    deleteApp: told(authority.deleteApp),
    flushCaches: told(authority.flushCaches),
  }
}
