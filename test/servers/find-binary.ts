import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The programs that tests need, the Debian package that holds each, and what else it may be called. */
const programs = {
  'redis-server': { debian: 'redis-server', alternatives: ['valkey-server'] },
  postgres: { debian: 'postgresql', alternatives: [] },
  initdb: { debian: 'postgresql', alternatives: [] },
  nginx: { debian: 'nginx-light', alternatives: [] },
  chromium: { debian: 'chromium', alternatives: ['chromium-browser', 'google-chrome', 'google-chrome-stable'] },
  /** For the benchmarks. */
  wrk: { debian: 'wrk', alternatives: [] },
} as const satisfies Record<string, { debian: string; alternatives: readonly string[] }>

export type Program = keyof typeof programs

const found = new Map<Program, Promise<string>>()

/**
 * The path of a server's program: from PATH and the places where systems put servers, else from Debian's packages when
 * this process is root. Throws a sentence that says what to install where neither works.
 */
export function findBinary(program: Program): Promise<string> {
  const search = found.get(program) ?? locateOrInstall(program)
  found.set(program, search)
  return search
}

async function locateOrInstall(program: Program): Promise<string> {
  const there = locate(program)
  if (there) return there
  const failure = await installDebianPackage(programs[program].debian)
  const installed = locate(program)
  if (installed) return installed
  throw new Error(
    `Tests need a real ${program}, and there is none on this machine (${failure ?? 'its package lacks it'}). ` +
      `Install it and run again: \`apt-get install redis-server postgresql nginx chromium\` on Debian and Ubuntu, ` +
      `\`dnf install redis postgresql-server nginx chromium\` on Fedora, \`brew install redis postgresql nginx chromium\` on macOS; ` +
      `or put it on the PATH.`,
  )
}

function locate(program: Program): string | undefined {
  for (const name of [program, ...programs[program].alternatives]) {
    const path = searchPath()
      .map((directory) => join(directory, name))
      .find(isExecutable)
    if (path) return path
  }
  return undefined
}

function searchPath(): readonly string[] {
  const listed = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '')
  return [...listed, '/usr/sbin', '/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin', ...versioned()]
}

/** Debian, Red Hat and Homebrew keep each PostgreSQL version in a directory of its own; the newest comes first. */
function versioned(): readonly string[] {
  const inside = (parent: string, child: RegExp) =>
    existsSync(parent)
      ? readdirSync(parent)
          .filter((name) => child.test(name))
          .sort((a, b) => Number.parseFloat(b.replace(/^\D+/, '')) - Number.parseFloat(a.replace(/^\D+/, '')))
          .map((name) => join(parent, name, 'bin'))
      : []
  return [
    ...inside('/usr/lib/postgresql', /^\d/),
    ...inside('/usr', /^pgsql-\d/),
    ...inside('/opt/homebrew/opt', /^postgresql@\d/),
    ...inside('/usr/local/opt', /^postgresql@\d/),
  ]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const policyFile = '/usr/sbin/policy-rc.d'

/** Installs a package without starting its service. Answers why it could not, or nothing. */
async function installDebianPackage(name: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'packages can be installed by root only'
  if (!isExecutable('/usr/bin/apt-get')) return 'there is no apt-get'
  const forbidsStarts = !existsSync(policyFile)
  if (forbidsStarts) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, maxBuffer: 64 * 1024 * 1024 }
  const lock = ['-o', 'DPkg::Lock::Timeout=300']
  try {
    await run('apt-get', [...lock, 'update'], options)
    await run('apt-get', [...lock, 'install', '-y', '--no-install-recommends', name], options)
    return undefined
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    return `apt-get could not install ${name}: ${said ?? String(error)}`
  } finally {
    if (forbidsStarts) rmSync(policyFile, { force: true })
  }
}
