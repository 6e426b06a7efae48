import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Everything that a test process leaves on the machine, and the one that removes it. A shell of its own session reads
 * from a pipe which servers this process has running; when the pipe ends, however this process died, it ends them and
 * deletes their directories. A crash or SIGKILL of the tests therefore leaves nothing behind.
 */
const reaperScript = `
live=" "
while read -r word pid; do
  case $word in
    start) live="$live$pid " ;;
    end) left=" "; for one in $live; do [ "$one" = "$pid" ] || left="$left$one "; done; live=$left ;;
  esac
done
signal() { for one in $live; do kill "-$1" "-$one" 2>/dev/null; done; }
if [ "$live" != " " ]; then signal QUIT; signal CONT; sleep 1; signal KILL; fi
rm -rf "$0"
`

interface Scratch {
  readonly root: string
  readonly reaper: ChildProcess
}

let scratch: Scratch | undefined
let directories = 0

function open(): Scratch {
  if (scratch) return scratch
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  chmodSync(root, 0o755) // Servers that drop root must be able to pass through.
  const reaper = spawn('/bin/sh', ['-c', reaperScript, root], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  reaper.unref()
  const pipe = reaper.stdin as unknown as { unref(): void }
  pipe.unref()
  scratch = { root, reaper }
  return scratch
}

/** A new empty directory that goes when this process does. */
export function scratchDirectory(name: string): string {
  const directory = join(open().root, `${name}-${directories++}`)
  mkdirSync(directory)
  return directory
}

/** Ends the process group led by `pid` when this process ends. */
export function tieToThisProcess(pid: number): void {
  open().reaper.stdin?.write(`start ${pid}\n`)
}

/** For a process that has ended by itself. */
export function untie(pid: number): void {
  open().reaper.stdin?.write(`end ${pid}\n`)
}
