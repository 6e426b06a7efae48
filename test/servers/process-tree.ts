import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly state: string
}

/** All processes: from /proc where there is one (slim images have no `ps`), else from `ps`. */
function processes(): readonly ProcessRow[] {
  if (process.platform !== 'linux') return fromPs()
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => fromProc(Number(name)))
    .filter((row) => row !== undefined)
}

function fromProc(pid: number): ProcessRow | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(parent), state }
  } catch {
    return undefined // It ended between the listing and the reading.
  }
}

function fromPs(): readonly ProcessRow[] {
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,state='], { encoding: 'utf8' })
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = '', parent = '', state = ''] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state }
    })
}

/** `pid` and all its descendants, parents first. */
export function processTree(pid: number): readonly number[] {
  const rows = processes()
  const tree = [pid]
  for (const one of tree) tree.push(...rows.filter((row) => row.parent === one).map((row) => row.pid))
  return tree
}

/** Whether `pid` still runs. One that has ended but was not collected by its parent does not. */
export function isRunning(pid: number): boolean {
  if (process.platform === 'linux') return (fromProc(pid)?.state ?? 'Z') !== 'Z'
  return processes().some((row) => row.pid === pid && !row.state.startsWith('Z'))
}

/** Signals `pid`; does nothing when it has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
