import type { Command } from 'commander'
import type { Runtime } from '../runtime.ts'
import { settingNames } from '../settings-table.ts'
import { type GlobalOptions, outputOf } from './context.ts'
import type { Output } from './output.ts'
import { withSettings } from './settings-options.ts'

export function defineServe(program: Command): void {
  withSettings(program.command('serve').description('starts the server'), settingNames)
    .option('--check-config', 'prints the configuration without its secrets, and stops')
    .action(async (options: { readonly checkConfig?: boolean }, command: Command) => {
      const { settingsOf } = await import('./settings-of.ts')
      const { settings, shown } = settingsOf(command)
      const output = outputOf(command)
      if (options.checkConfig) {
        output.list(
          shown,
          [
            { title: 'setting', of: ({ name }) => name },
            { title: 'value', of: ({ value }) => value },
            { title: 'from', of: ({ from }) => from },
          ],
          '',
        )
        return
      }
      const { createRuntime } = await import('../runtime.ts')
      const runtime = await createRuntime(settings)
      try {
        // Before anybody is told that it listens: whoever reads that may ask for the end at once.
        const asked = untilAsked(command.optsWithGlobals<GlobalOptions>().json ? undefined : output)
        const addresses = await runtime.listen()
        greet(output, runtime, addresses)
        await asked
      } finally {
        await runtime.close()
      }
    })
}

/** Keys are told in every mode: they are never shown again. */
function greet(output: Output, { bootstrap }: Runtime, addresses: { url: string; adminUrl: string }): void {
  const { url, adminUrl } = addresses
  const { adminKey, demo } = bootstrap
  const listening = {
    event: 'listening',
    url,
    adminUrl,
    pid: process.pid,
    ...(adminKey && { adminKey: adminKey.reveal() }),
    ...(demo && { demo: { key: demo.key.reveal(), tenantId: demo.tenantId, appId: demo.appId } }),
  }
  const lines = output.mode === 'quiet' ? [] : [`Gatehouse listens at ${output.paint('bold', url)}`]
  if (output.mode !== 'quiet' && adminUrl !== url)
    lines.push(`The admin API listens at ${output.paint('bold', adminUrl)}`)
  if (adminKey) {
    lines.push('', 'The admin key, shown this once:', `  ${output.paint('bold', adminKey.reveal())}`)
  }
  if (demo) {
    const insecure = url.startsWith('https:') ? ' --insecure' : ''
    lines.push(
      '',
      `A demo key of app ${demo.appId}, tenant ${demo.tenantId}:`,
      `  ${output.paint('bold', demo.key.reveal())}`,
      '',
      'Try it:',
      `  curl -i${insecure} -H 'Authorization: Bearer ${demo.key.reveal()}' ${url}/authz`,
    )
  }
  if (output.mode === 'json' || lines.length > 0) output.once(listening, lines.join('\n'))
}

/** Resolves at the first SIGTERM or SIGINT. The second does not wait for open requests. */
function untilAsked(output: Output | undefined): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = (signal: NodeJS.Signals) => {
      if (asked) process.exit(signal === 'SIGINT' ? 130 : 143)
      asked = true
      output?.say('Stopping: open requests are finished first.')
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
