const steps = [
  [60_000, 1000, 's'],
  [3_600_000, 60_000, ' min'],
  [86_400_000, 3_600_000, ' h'],
  [30 * 86_400_000, 86_400_000, ' d'],
] as const

/** `12s ago`, `in 3 h`; farther than a month away the date, in UTC. */
export function readableTime(atMs: number, nowMs: number): string {
  if (Number.isNaN(atMs)) return ''
  const distance = Math.abs(atMs - nowMs)
  if (distance < 1000) return 'now'
  const step = steps.find(([limit]) => distance < limit)
  if (!step) return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const amount = `${Math.round(distance / step[1])}${step[2]}`
  return atMs < nowMs ? `${amount} ago` : `in ${amount}`
}
