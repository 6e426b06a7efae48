// What the scripts share: where the project lies, and how they run programs. Plain JavaScript that Node 20 understands,
// for it runs before set-up has brought the project's own Node.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const modules = join(root, 'node_modules')
const programs = join(modules, '.bin')

/** The PATH without, and with, the programs that the project installs. */
const outerPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.endsWith(join('node_modules', '.bin')))
  .join(delimiter)
const innerPath = `${programs}${delimiter}${outerPath}`

/** Runs a program with the project's own programs and Node in front, its output shown; resolves with its exit code. */
export function run(command, args, options = {}) {
  return finish(
    spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: innerPath }, ...options }),
  )
}

/** Runs npm on the Node that this machine brought: it may be replacing the project's own. */
export function npm(args) {
  const shell = process.platform === 'win32'
  return finish(
    spawn('npm', args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell,
      env: { ...process.env, PATH: outerPath },
    }),
  )
}

/** The exit code of a child as a shell tells it: its own, or 128 + the signal that ended it. */
export function finish(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}
