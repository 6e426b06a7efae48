/** One line of figures in the output of a run: what was measured, beside what is asserted. */
export function report(what: string, figures: Readonly<Record<string, number>>): void {
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`)
  process.stdout.write(`  ${what}: ${shown.join(', ')}\n`)
}
