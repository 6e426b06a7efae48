import { execFile } from 'node:child_process'
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { scratchDirectory } from '../servers/scratch.ts'

const execute = promisify(execFile)
const root = resolve('.')

/** An empty project elsewhere that has installed what would be published, with plain npm from the registry. */
export interface Project {
  readonly dir: string
  /** Runs a program in the project; answers what it wrote, throws with that when it fails. */
  run(program: string, args: readonly string[]): Promise<string>
  /** Writes a file and runs it with the Node of the tests. */
  script(name: string, text: string): Promise<string>
  /** Compiles a file as strictly as a project may ask, the types of its packages included. */
  compile(name: string, text: string): Promise<string>
}

export async function installPacked(): Promise<Project> {
  const packed = scratchDirectory('packed')
  const dir = scratchDirectory('project')
  await execute('npm', ['pack', '--pack-destination', packed], { cwd: root, maxBuffer: 16 * 1024 * 1024 })
  const [tarball = 'no tarball'] = readdirSync(packed)
  writeFileSync(join(dir, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }')

  async function run(program: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await execute(program, args, { cwd: dir, env: environment })
      return stdout + stderr
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
      throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
    }
  }

  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(packed, tarball)])
  return {
    dir,
    run,
    script(name, text) {
      writeFileSync(join(dir, name), text)
      return run(process.execPath, [name])
    },
    async compile(name, text) {
      // What a TypeScript project has beside its dependencies.
      const types = join(dir, 'node_modules', '@types')
      if (!readdirSync(join(dir, 'node_modules')).includes('@types'))
        symlinkSync(join(root, 'node_modules', '@types'), types)
      writeFileSync(join(dir, name), text)
      const strict = [
        '--strict',
        '--noUncheckedIndexedAccess',
        '--exactOptionalPropertyTypes',
        '--skipLibCheck',
        'false',
      ]
      const modules = [
        '--module',
        'nodenext',
        '--moduleResolution',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        'node',
      ]
      const compiler = join(root, 'node_modules', '.bin', 'tsc')
      return await run(compiler, ['--noEmit', '--pretty', 'false', ...strict, ...modules, name])
    },
  }
}

/** Nothing of the project's own settings and of npm's reaches in. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(GATEHOUSE_|DATABASE_|REDIS_|VITEST|NODE_ENV|npm_(package|lifecycle))/.test(name),
  ),
)
