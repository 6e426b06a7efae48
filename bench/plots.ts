import type { Plot, Samples } from './row.ts'
import { median, percentilesDrawn } from './samples.ts'

const width = 640
const left = 170
const right = 110
const colours = ['#2563eb', '#9ca3af', '#d97706', '#059669', '#7c3aed']

/** One plot as SVG text: no script, no font, nothing from elsewhere. */
export function drawn(plot: Plot): string {
  return plot.kind === 'strips' ? strips(plot) : percentiles(plot)
}

/** Every sample a dot, on a scale that begins at zero. */
function strips({ title, unit, series }: Plot): string {
  const most = Math.max(...series.flatMap(({ values }) => values)) * 1.05
  const x = (value: number) => left + ((width - left - right) * value) / most
  const rowHeight = 30
  const lines = series.map(({ name, values }, i) => {
    const y = 24 + i * rowHeight
    const middle = median(values)
    const dots = values.map((value) => `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="3.5"/>`).join('')
    return (
      `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escaped(name)}</text>` +
      `<line x1="${left}" x2="${width - right}" y1="${y}" y2="${y}" class="rule"/>` +
      `<g fill="${colour(i)}" fill-opacity="0.45">${dots}</g>` +
      `<line x1="${x(middle).toFixed(1)}" x2="${x(middle).toFixed(1)}" y1="${y - 9}" y2="${y + 9}" stroke="${colour(i)}" stroke-width="2.5"/>` +
      `<text x="${width - right + 8}" y="${y + 4}">${short(middle)}</text>`
    )
  })
  return figure(title, unit, 24 + series.length * rowHeight, lines.join(''))
}

/** From the median to the 99.9th percentile, each ten times rarer one a third further right. */
function percentiles({ title, unit, series }: Plot): string {
  const height = 220
  const [top, bottom] = [16, height - 28]
  const most = Math.max(...series.map(({ values }) => values.at(-1) ?? 0)) * 1.05
  const x = (p: number) => left + ((width - left - right) * -Math.log10(1 - p)) / 3
  const y = (value: number) => bottom - ((bottom - top) * value) / most
  const ticks = [0, 0.5, 0.9, 0.99, 0.999].map(
    (p) =>
      `<line x1="${x(p)}" x2="${x(p)}" y1="${top}" y2="${bottom}" class="rule"/>` +
      `<text x="${x(p)}" y="${bottom + 18}" text-anchor="middle">p${+(p * 100).toFixed(1)}</text>`,
  )
  const levels = [0, 0.5, 1].map((part) => {
    const value = (most / 1.05) * part
    return `<text x="${left - 10}" y="${y(value) + 4}" text-anchor="end">${short(value)}</text>`
  })
  const curves = series.map(({ name, values }, i) => {
    const points = values.map((value, j) => `${x(percentilesDrawn[j] ?? 0).toFixed(1)},${y(value).toFixed(1)}`)
    const end = y(values.at(-1) ?? 0)
    return (
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colour(i)}" stroke-width="2"/>` +
      `<text x="${width - right + 8}" y="${labelY(series, i, end)}" fill="${colour(i)}">${escaped(name)}</text>`
    )
  })
  return figure(title, unit, height, [...ticks, ...levels, ...curves].join(''))
}

/** Two curves that end together would write over each other. */
function labelY(series: readonly Samples[], index: number, end: number): number {
  return series.length === 1 ? end + 4 : Math.min(end + 4, 190) + index * 14 - 7
}

function figure(title: string, unit: string, height: number, inside: string): string {
  return (
    `<figure><figcaption>${escaped(title)} <small>(${escaped(unit)})</small></figcaption>` +
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${inside}</svg></figure>`
  )
}

function colour(index: number): string {
  return colours[index % colours.length] ?? '#000'
}

function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
