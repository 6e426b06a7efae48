import type { Command } from 'commander'
import type { IssuedKeyBody, ReceiptBody } from '../http/contract.ts'
import { systemClock } from '../kernel/clock.ts'
import type { GlobalOptions } from './context.ts'
import type { Output } from './output.ts'
import { readableTime } from './readable-time.ts'
import { wrongUse } from './wrong-use.ts'

/** A key is shown once; said quietly it would be lost. */
export function refuseQuiet(command: Command): void {
  if (!command.optsWithGlobals<GlobalOptions>().quiet) return
  throw wrongUse('This shows a key that is never shown again, which --quiet would lose: leave --quiet out')
}

export function showIssued({ once, paint }: Output, issued: IssuedKeyBody): void {
  once(
    issued,
    `${paint('bold', issued.key)}\n${paint('dim', `Key ${issued.id}. This is the only time that it is shown.`)}`,
  )
}

export function showReceipt(output: Output, done: string, id: string, receipt: ReceiptBody): void {
  const confirmed = receipt.nodes.filter((node) => node.confirmedAfterMs !== null)
  const slowest = Math.max(0, ...confirmed.map((node) => node.confirmedAfterMs ?? 0))
  const who = `${confirmed.length} of ${receipt.nodes.length} nodes confirmed${confirmed.length > 0 ? ` within ${Math.round(slowest)} ms` : ''}`
  const bound = readableTime(Date.parse(receipt.refusedEverywhereBy), systemClock.wall())
  const rest = receipt.complete
    ? 'no node accepts it any more'
    : `no node accepts it any more by ${receipt.refusedEverywhereBy} (${bound}) at the latest`
  output.done(receipt, `Key ${id} is ${done}: ${who}; ${rest}.`)
}
