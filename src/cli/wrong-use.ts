import { CommanderError } from 'commander'

/** The command cannot be run as it was written: exit code 2. */
export function wrongUse(sentence: string): CommanderError {
  return new CommanderError(2, 'gatehouse.wrongUse', sentence)
}
