// Brings everything that the project's scripts need: the packages of the lock file, and Node 24 as a package of the npm
// registry, so that it does not matter which Node the machine has. Does nothing when all is there.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { modules, npm, root } from './project.mjs'

const nodeVersion = '24.21.0'
const oldestNode = [22, 19]
const nodePackage = `node-${platform() === 'win32' ? 'win' : platform()}-${arch()}`
const stamp = join(modules, '.gatehouse-setup')

/** Makes the project ready to run. Ends the process with a sentence where that is not possible. */
export async function setUp() {
  const wanted = fingerprint()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.log('Setting up: installing packages (once)')
  rmSync(stamp, { force: true })
  // Not `npm ci`: it refuses a lock file without the optional packages of other systems that a registry does not carry.
  const install = ['install', '--no-save', '--loglevel=error']
  const withNode = await npm([...install, `${nodePackage}@${nodeVersion}`])
  if (!(withNode === 0 && projectNodeRuns())) {
    settleForThisNode()
    if ((await npm(install)) !== 0) fail('npm could not install the packages; what it says above tells why.')
  }
  writeFileSync(stamp, wanted)
}

/** What the installed packages depend on; when it changes, they are installed again. */
function fingerprint() {
  const parts = [readFileSync(join(root, 'package-lock.json')), nodeVersion, platform(), arch()]
  return parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
}

/** Where Node 24 cannot be had, or does not run here (musl), this machine's own Node serves if it is new enough. */
function settleForThisNode() {
  const own = process.versions.node
  const [major = 0, minor = 0] = own.split('.').map(Number)
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    const oldest = oldestNode.join('.')
    fail(
      `Node ${nodeVersion} could not be installed as ${nodePackage} (npm says why above, or it does not run here), ` +
        `and this machine's Node is ${own}: install Node ${oldest} or later, or mend npm's registry access.`,
    )
  }
  rmSync(join(modules, nodePackage), { recursive: true, force: true })
  rmSync(join(modules, '.bin', 'node'), { force: true })
  console.log(`Node ${nodeVersion} is not to be had for ${platform()}-${arch()}; using this machine's Node ${own}`)
}

function projectNodeRuns() {
  try {
    const said = execFileSync(join(modules, '.bin', 'node'), ['--version'], { encoding: 'utf8', stdio: 'pipe' })
    return said.trim() === `v${nodeVersion}`
  } catch {
    return false
  }
}

function fail(sentence) {
  console.error(`gatehouse: ${sentence}`)
  process.exit(1)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await setUp()
