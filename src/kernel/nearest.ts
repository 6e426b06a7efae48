/**
 * The known word that is fewest edits away, if that is near enough to be a slip of the hand; else the one that begins with
 * what was given. Case does not count.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(given.length / 3))
  let best: { readonly word: string; readonly edits: number } | undefined
  for (const word of known) {
    const edits = editsBetween(given.toLowerCase(), word.toLowerCase())
    if (edits <= limit && edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { word, edits }
  }
  if (best || given.length < 3) return best?.word
  return known.find((word) => word.toLowerCase().startsWith(given.toLowerCase()))
}

/** Letters to insert, remove or replace to get from one word to the other. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
