import type { Machine } from './machine.ts'
import type { RowReport } from './row.ts'

/** One run, as it is written to `results`. */
export interface Report {
  readonly at: string
  /** True for shortened batches: no figures to be told. */
  readonly quick: boolean
  readonly machine: Machine
  readonly rows: readonly RowReport[]
}

export const verdicts = {
  holds: 'holds',
  missed: 'not met',
  reported: 'reported',
  failed: 'could not be measured',
} as const satisfies Record<RowReport['outcome'], string>

/** The table of targets with this machine's figures, as Markdown; `paint` colours what a terminal can. */
export function tableOf(
  rows: readonly RowReport[],
  paint: (text: string, outcome: RowReport['outcome']) => string = (text) => text,
): string {
  const head = ['id', 'what', 'measured against', 'this machine', 'target', 'verdict', 'load']
  const lines = rows.map((row) => {
    const cells = [row.id, row.what, row.against, row.said, row.target, verdicts[row.outcome]].map(cell)
    return paint(`| ${[...cells, row.load.map((load) => load.toFixed(1)).join('→')].join(' | ')} |`, row.outcome)
  })
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
