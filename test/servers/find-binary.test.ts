import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { findBinary } from './find-binary.ts'

const run = promisify(execFile)

test.each(['redis-server', 'postgres', 'initdb', 'nginx', 'chromium'] as const)(
  '%s is found and runs',
  async (program) => {
    const path = await findBinary(program)
    const { stdout, stderr } = await run(path, [program === 'nginx' ? '-v' : '--version'])
    expect(stdout + stderr).toMatch(/\d+\.\d+/)
  },
)
