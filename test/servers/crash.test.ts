import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isRunning } from './process-tree.ts'
import { until } from './until.ts'

const starts = `
import { startPostgres } from '${new URL('postgres.ts', import.meta.url)}'
import { startRedis } from '${new URL('redis.ts', import.meta.url)}'
import { startNginx } from '${new URL('nginx.ts', import.meta.url)}'
import { processTree } from '${new URL('process-tree.ts', import.meta.url)}'
const servers = [await startRedis(), await startPostgres(), await startNginx('server { listen 127.0.0.1:{{port}}; }')]
console.log(JSON.stringify({ pids: servers.flatMap((one) => processTree(one.pid)), dirs: servers.map((one) => one.dir) }))
setInterval(() => undefined, 1000)
`

test('when the tests are killed, their servers and directories go too', async () => {
  const tests = spawn(process.execPath, ['--input-type=module-typescript', '-e', starts], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const text of tests.stdout.setEncoding('utf8')) {
    said += text
    if (said.includes('\n')) break
  }
  const { pids, dirs }: { pids: number[]; dirs: string[] } = JSON.parse(said)
  expect(pids.length).toBeGreaterThan(5)
  expect(pids.every(isRunning)).toBe(true)
  tests.kill('SIGKILL')
  if (tests.exitCode === null && tests.signalCode === null) await once(tests, 'exit')
  await until('no server is left', () => !pids.some(isRunning))
  await until('no directory is left', () => !dirs.some((dir) => existsSync(dir)))
})
