/** Milliseconds on the machine's monotonic clock, which all of its processes share: moments of several can be compared. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The machine's monotonic reading at a wall time that was told by a process of this machine. */
export function machineMsAt(wallMs: number): number {
  return wallMs - Date.now() + machineMs()
}
