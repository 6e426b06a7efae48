import { setTimeout as pause } from 'node:timers/promises'

/** Waits until `condition` holds, asking every 20 ms; throws, naming `what`, after `withinMs`. */
export async function until(what: string, condition: () => Promise<boolean> | boolean, withinMs = 20_000) {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`)
    await pause(20)
  }
}
