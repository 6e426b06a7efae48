/** The value below which the share `p` (0 to 1) of the samples lies. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** The middle half of the samples. */
export function spread(values: readonly number[]): readonly [number, number] {
  return [quantile(values, 0.25), quantile(values, 0.75)]
}

/** For a drawing: the curve of all percentiles is kept by a few dozen of them. */
export function percentileCurve(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort()
  return percentilesDrawn.map((p) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN)
}

/** Evenly spaced on the scale 1 / (1 - p), where the tail can be seen. */
export const percentilesDrawn: readonly number[] = Array.from({ length: 31 }, (_, i) => 1 - 10 ** (-i / 10))
