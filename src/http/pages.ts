import type { Page } from '../authority/store.ts'
import type { ListBody } from './contract.ts'

const usualLimit = 50

export function pageQuery<Q extends { readonly limit?: number }>(query: Q): Q & { readonly limit: number } {
  return { ...query, limit: query.limit ?? usualLimit }
}

export function pageView<T, V>({ data, nextCursor }: Page<T>, view: (item: T) => V): ListBody<V> {
  return { data: data.map(view), nextCursor }
}
