export interface TableOptions {
  /** Columns of the terminal; text that does not fit is cut. `undefined`: nothing is cut. */
  readonly width?: number | undefined
  readonly header?: (text: string) => string
}

const gap = '  '
const narrowest = 6

/** Columns as wide as what they hold, cut where the terminal is too narrow, widest first. */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { width, header = (text) => text }: TableOptions = {},
): string {
  const widths = titles.map((title, at) => Math.max(...[title, ...rows.map((row) => row[at] ?? '')].map(columnsOf)))
  if (width !== undefined) narrow(widths, width - gap.length * (titles.length - 1))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => fitted(cell, widths[at] ?? 0))
      .join(gap)
      .trimEnd()
  return [header(line(titles.map((title) => title.toUpperCase()))), ...rows.map(line)].join('\n')
}

function narrow(widths: number[], room: number): void {
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) return
    widths[widths.indexOf(widest)] = widest - 1
  }
}

function fitted(text: string, width: number): string {
  const columns = columnsOf(text)
  if (columns <= width) return text + ' '.repeat(width - columns)
  let cut = ''
  for (const character of text) {
    if (columnsOf(cut + character) > width - 1) break
    cut += character
  }
  return `${cut}…${' '.repeat(Math.max(0, width - columnsOf(cut) - 1))}`
}

const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u

/** How many columns of a terminal a text takes: East Asian letters take two, what combines takes none. */
function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += /\p{Mn}/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return columns
}
