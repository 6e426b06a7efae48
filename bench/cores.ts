import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { processTree } from '../test/servers/process-tree.ts'

/** Servers have one core to themselves and what asks them another, so that neither takes the other's time. */
export const serverCore = 0
export const loadCore = 1

/** Whether processes can be pinned here: Linux with `taskset` and at least two cores. */
export const canPin: boolean = cpus().length >= 2 && hasTaskset()

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A command line that starts pinned; unchanged where pinning is not possible. */
export function pinned(core: number, command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]
}

/** Pins a process that runs already, its threads and its children. */
export function pin(pid: number, core: number): void {
  if (!canPin) return
  for (const each of processTree(pid)) execFileSync('taskset', ['-a', '-c', '-p', String(core), String(each)])
}

export const pinningNote: string = canPin
  ? 'Servers on one core, the load on another.'
  : 'Not pinned: this machine has one core or no `taskset`; the figures are noisier for it.'
