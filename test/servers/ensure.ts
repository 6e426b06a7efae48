/** Brings the servers that tests need, before any test waits for them: `node test/servers/ensure.ts`. */
import { findBinary } from './find-binary.ts'

for (const program of ['redis-server', 'initdb', 'postgres', 'nginx', 'chromium'] as const) {
  try {
    process.stdout.write(`${program}: ${await findBinary(program)}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
