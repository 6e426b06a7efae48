// `npm start`: sets up, builds what has changed, and serves with a demo tenant, app and key. Further arguments go to
// `gatehouse serve`: `npm start -- --port 9000`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { finish, modules, root } from './project.mjs'
import { setUp } from './setup.mjs'

await setUp()
const built = await build()
if (built !== 0) process.exit(built)

const projectNode = join(modules, '.bin', 'node')
const server = spawn(
  existsSync(projectNode) ? projectNode : process.execPath,
  [join(root, 'dist', 'cli', 'main.js'), 'serve', '--demo', ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
// At a terminal an interrupt reaches the server without us; sent twice it would cut the server's farewell short.
process.on('SIGINT', () => process.stdin.isTTY || server.kill('SIGINT'))
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal))
process.exitCode = await finish(server)
