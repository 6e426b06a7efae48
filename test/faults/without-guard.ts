import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchDirectory } from '../servers/scratch.ts'
import { repository } from './fleet-node.ts'
import { type GuardName, guards } from './guards.ts'

/** A copy of the source without one guard. Throws where the source no longer reads as the guard's row says. */
export function withoutGuard(name: GuardName): string {
  const root = scratchDirectory('without-guard')
  const srcDir = join(root, 'src')
  cpSync(join(repository, 'src'), srcDir, { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
  cpSync(join(repository, 'package.json'), join(root, 'package.json'))
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  for (const { file, find, replace } of guards[name].edits) {
    const path = join(srcDir, file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2)
      throw new Error(`"${name}": ${file} holds ${parts.length - 1} times what is to be replaced:\n${find}`)
    writeFileSync(path, parts.join(replace))
  }
  return srcDir
}
