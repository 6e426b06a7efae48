import { pages, type Query } from './api.ts'
import type { Session } from './context.ts'
import type { ListOptions } from './options.ts'
import type { Field } from './output.ts'

interface Listing<T> {
  readonly path: string
  readonly query?: Query
  readonly fields: readonly Field<T>[]
  /** A sentence for when there is nothing. */
  readonly empty: string
}

/** Prints one page of a list, or all of them, and how to get the next. */
export async function printList<T>({ api, output }: Session, listing: Listing<T>, options: ListOptions): Promise<void> {
  const query = { ...listing.query, limit: options.limit, cursor: options.cursor, q: options.search }
  for await (const page of pages<T>(api, listing.path, query)) {
    output.list(page.data, listing.fields, listing.empty)
    if (page.nextCursor === null || options.all) continue
    output.say(output.paint('dim', `There is more: --cursor ${page.nextCursor}, or --all`))
    return
  }
}
