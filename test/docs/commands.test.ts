import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { gatehouse, serve } from '../cli/gatehouse.ts'
import { scratchDirectory } from '../servers/scratch.ts'

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'docs/architecture.md'],
  ...readdirSync('docs/guide').map((name) => `docs/guide/${name}`),
  ...readdirSync('deploy').map((name) => `deploy/${name}/README.md`),
].filter((page) => existsSync(page))

interface Line {
  readonly place: string
  readonly args: readonly string[]
  /** In a block that readers copy, not in a sentence. */
  readonly isCopied: boolean
}

function linesOf(page: string): readonly Line[] {
  const text = readFileSync(page, 'utf8').replaceAll('\\\n', ' ')
  const copied = /^(?:\$ )?(?:npx )?gatehouse (.+?)(?:\s+#.*)?$/gm
  const mentioned = /`(?:npx )?gatehouse ([^`]+)`/g
  return [copied, mentioned].flatMap((form) =>
    [...text.matchAll(form)].map(({ index, 1: words = '' }) => ({
      place: `${page}, line ${text.slice(0, index).split('\n').length}`,
      args: [...words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? ''),
      isCopied: form === copied,
    })),
  )
}

const lines = pages.flatMap(linesOf)

/** The real program, whose commands do nothing but say their name. */
async function commandOf(args: readonly string[]): Promise<string> {
  const program = createProgram().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  let name = ''
  const quiet = (command: Command) => {
    command.configureOutput({ writeErr: () => {}, writeOut: () => {} })
    if (command.commands.length > 0) return command.commands.forEach(quiet)
    command.action(() => {
      name = `${command.parent === program ? '' : `${command.parent?.name()} `}${command.name()}`
    })
  }
  program.commands.forEach(quiet)
  await program.parseAsync(args, { from: 'user' })
  return name
}

test('the pages show commands', () => {
  expect(lines.filter(({ isCopied }) => isCopied).length).toBeGreaterThanOrEqual(3)
  expect(lines.filter(({ isCopied }) => !isCopied).length).toBeGreaterThanOrEqual(2)
})

test('a command that does not exist as it is shown would be found', async () => {
  await expect(commandOf(['keys', 'revoke', 'x', '--wait', 'all'])).rejects.toThrow(/too many arguments/)
  await expect(commandOf(['keys', 'create', '--name', 'x', '--kind', 'service'])).rejects.toThrow(/unknown option/)
  await expect(commandOf(['keys', 'rvoke', 'x'])).rejects.toThrow(/unknown command/)
})

test.each(lines)('$place: the command is one, with these arguments: $args', async ({ args }) => {
  expect(await commandOf(args)).not.toBe('')
})

/** Those that talk to a server; the others have tests of their own. */
const managing = new Set(['keys', 'tenants', 'apps', 'nodes', 'audit', 'cache'])
const copiedPages = pages.filter((page) =>
  linesOf(page).some(({ isCopied, args }) => isCopied && managing.has(args[0] ?? '')),
)

describe.each(copiedPages)('%s', (page) => {
  test('its commands work one after the other, with the ids that the ones before have printed', async () => {
    const cwd = scratchDirectory('commands')
    const server = await serve(['--demo'], { cwd })
    const env = { GATEHOUSE_URL: server.url, GATEHOUSE_ADMIN_KEY: server.adminKey ?? '' }
    const known = { tenant: server.demo?.tenantId ?? '', app: server.demo?.appId ?? '', key: '' }
    for (const { place, args, isCopied } of linesOf(page)) {
      const [what = ''] = args
      if (!isCopied || !managing.has(what)) continue
      const ran = await gatehouse([...args.map((arg) => filled(arg, known)), '--json'], { cwd, env })
      expect(ran.err, place).toBe('')
      expect(ran.code, place).toBe(0)
      const { id } = JSON.parse(ran.out.split('\n', 1)[0] ?? '') as { readonly id?: string }
      if (id !== undefined && what in { keys: 0, tenants: 0, apps: 0 })
        Object.assign(known, { [what.slice(0, -1)]: id })
    }
    await server.stop()
  }, 60_000)
})

/** What readers replace ends in an ellipsis: `ten_…`, `app_…`, or the beginning of a key's id. */
function filled(arg: string, { tenant, app, key }: Readonly<Record<'tenant' | 'app' | 'key', string>>): string {
  if (!arg.endsWith('…')) return arg
  return arg.startsWith('ten_') ? tenant : arg.startsWith('app_') ? app : key
}
