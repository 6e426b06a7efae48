/** One line of the table of targets: what is measured, against what, and what must come out. */
export interface Row {
  readonly id: string
  readonly what: string
  readonly against: string
  readonly target: string
  /** Where the row's own process runs: beside the servers' core, or, with a whole fleet, wherever there is room. */
  readonly place: 'load core' | 'all cores'
  /** Measures on this machine. Throws where a program is missing, with a sentence that says what to install. */
  measure(options: MeasureOptions): Promise<Measured>
}

export interface MeasureOptions {
  /** Fewer and shorter batches: for working on the benchmark itself, never for figures that are told. */
  readonly quick: boolean
}

export interface Measured {
  /** `reported`: a figure without a target. */
  readonly outcome: 'holds' | 'missed' | 'reported'
  /** The table's cell: the figures that decide, in one line. */
  readonly said: string
  /** All figures by name, with units in the names. */
  readonly figures: Readonly<Record<string, number>>
  readonly plots: readonly Plot[]
  /** How it was measured, as far as a reader of the figures must know it. */
  readonly notes: readonly string[]
}

/** What the page draws. */
export type Plot =
  /** One strip of dots per series, with its median: every batch is seen. */
  | { readonly kind: 'strips'; readonly title: string; readonly unit: string; readonly series: readonly Samples[] }
  /** Latency over percentile, one line per series. */
  | { readonly kind: 'percentiles'; readonly title: string; readonly unit: string; readonly series: readonly Samples[] }

export interface Samples {
  readonly name: string
  readonly values: readonly number[]
}

/** A row as it is written down. */
export interface RowReport extends Omit<Row, 'measure' | 'place'> {
  readonly outcome: Measured['outcome'] | 'failed'
  readonly said: string
  readonly figures: Readonly<Record<string, number>>
  readonly plots: readonly Plot[]
  readonly notes: readonly string[]
  /** Load average over one minute, before and after. */
  readonly load: readonly [number, number]
  readonly tookMs: number
}
