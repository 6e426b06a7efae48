#!/usr/bin/env node
import { CommanderError } from 'commander'
import { tellFailure } from './failure.ts'
import { createProgram } from './program.ts'

// Whoever reads the output may stop reading: `gatehouse keys list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await createProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.code === 'gatehouse.wrongUse') process.stderr.write(`gatehouse: ${error.message}\n`)
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    tellFailure(error)
    process.exitCode = 1
  }
}
