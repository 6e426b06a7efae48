import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchDirectory } from '../servers/scratch.ts'
import { type Mutant, mutants } from './mutants.ts'

const root = new URL('../..', import.meta.url).pathname

export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((one) => one.name === name)
  if (!mutant) throw new Error(`there is no mutant ${name}; there are ${mutants.map((one) => one.name).join(', ')}`)
  return mutant
}

/**
 * A copy of the sources with one planted mistake: a directory that can be run like a checkout
 * (`node <directory>/src/cli/main.ts serve`). It goes when this process does. Throws when the text that a mistake
 * replaces does not stand exactly once in its file: then the table has fallen behind the code.
 */
export function plantMutant(name: string): string {
  const { edits } = mutantNamed(name)
  const directory = scratchDirectory(`mutant-${name}`)
  cpSync(join(root, 'src'), join(directory, 'src'), {
    recursive: true,
    filter: (path) => !path.endsWith('.test.ts'),
  })
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(root, file), join(directory, file))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const { file, find, replace } of edits) {
    const path = join(directory, 'src', file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2) throw new Error(`${name}: ${file} holds the text ${parts.length - 1} times: ${find}`)
    writeFileSync(path, parts.join(replace))
  }
  return directory
}
