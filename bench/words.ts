/** Numbers as people read them in the table. */

export function rate(perSecond: number): string {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M/s`
  return perSecond >= 1000 ? `${(perSecond / 1000).toFixed(1)} k/s` : `${perSecond.toFixed(0)}/s`
}

export function ms(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} µs`
  return value < 100 ? `${value.toFixed(value < 10 ? 2 : 1)} ms` : `${Math.round(value)} ms`
}

export function times(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1)
}

/** `0.81 (0.80–0.83)` */
export function ratioWithSpread(ratio: number, [low, high]: readonly [number, number]): string {
  return `${times(ratio)} (${times(low)}–${times(high)})`
}
