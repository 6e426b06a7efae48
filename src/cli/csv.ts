/** Rows of RFC 4180: quoted fields may hold commas, quotes written twice, and line breaks. Empty lines are left out. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy
  const source = text.replace(/^\uFEFF/, '')
  while (field.lastIndex < source.length) {
    const at = field.lastIndex
    const match = field.exec(source)
    if (!match) throw new SyntaxError(`the quotes do not match after character ${at}`)
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === ',') {
      if (field.lastIndex < source.length) continue
      row.push('')
    }
    if (row.some((cell) => cell !== '')) rows.push(row)
    row = []
  }
  return rows
}
