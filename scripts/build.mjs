// Compiles src/ to dist/, and copies what stands beside the code. Does nothing when no source has changed. The new build
// replaces the old one whole, so that nothing of a deleted source stays behind.
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { modules, root, run } from './project.mjs'
import { setUp } from './setup.mjs'

const source = join(root, 'src')
const dist = join(root, 'dist')
const stamp = join(modules, '.gatehouse-build')

/** Builds where needed; resolves with the exit code of the compiler. */
export async function build() {
  const wanted = fingerprint()
  if (existsSync(dist) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 0
  const fresh = join(root, `.dist-${process.pid}`)
  try {
    const code = await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', fresh])
    if (code !== 0) return code
    for (const file of filesIn(source).filter((path) => !path.endsWith('.ts'))) {
      cpSync(file, join(fresh, relative(source, file)))
    }
    const command = join(fresh, 'cli', 'main.js')
    if (existsSync(command)) chmodSync(command, 0o755)
    rmSync(dist, { recursive: true, force: true })
    renameSync(fresh, dist)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  writeFileSync(stamp, wanted)
  return 0
}

/** The content of all that the build is made from. */
function fingerprint() {
  const hash = createHash('sha256')
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name))
  for (const file of [...filesIn(source), ...settings]) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? filesIn(path) : [path]
    })
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setUp()
  process.exitCode = await build()
}
