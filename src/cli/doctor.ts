import type { Command } from 'commander'
import type { Finding } from '../runtime-examination.ts'
import { outputOf } from './context.ts'
import { withSettings } from './settings-options.ts'

const marks = { ok: ['green', '✓'], note: ['yellow', '•'], mend: ['red', '✗'] } as const

export function defineDoctor(program: Command): void {
  withSettings(
    program
      .command('doctor')
      .description(
        'looks at settings, stores, clocks and files, and says what to mend. Exit code 1 if anything must be',
      ),
    ['databaseUrl', 'redisUrl', 'dataDir'],
  ).action(async (_options, command: Command) => {
    const { settingsOf } = await import('./settings-of.ts')
    const { examine } = await import('../runtime-examination.ts')
    const output = outputOf(command)
    const { settings, shown } = settingsOf(command)
    const given = shown.filter(({ from }) => from !== 'default').length
    const read: Finding = { what: 'settings', state: 'ok', says: `${given} given, the others are defaults` }
    const findings = [read, ...(await examine(settings))]
    if (output.mode === 'json') for (const finding of findings) output.done(finding, '')
    else for (const finding of findings) output.say(lineOf(finding, output.paint))
    if (!findings.some(({ state }) => state === 'mend')) return
    process.exitCode = 1
    if (output.mode !== 'quiet') return
    for (const finding of findings.filter(({ state }) => state === 'mend')) process.stderr.write(`${lineOf(finding)}\n`)
  })
}

function lineOf(
  { what, state, says, fix }: Finding,
  paint = (_: 'green' | 'yellow' | 'red' | 'dim', text: string) => text,
) {
  const [colour, mark] = marks[state]
  const line = `${paint(colour, mark)} ${what}: ${says}`
  return fix ? `${line}\n  ${paint('dim', '→')} ${fix}` : line
}
