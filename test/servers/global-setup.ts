import { sharedDirectoryVariable } from './postgres.ts'
import { scratchDirectory } from './scratch.ts'

/**
 * Gives the run one directory for what its test processes share. Nothing needs a teardown: each process's servers and
 * directories go with the process.
 */
export function setup(): void {
  process.env[sharedDirectoryVariable] = scratchDirectory('shared')
}
