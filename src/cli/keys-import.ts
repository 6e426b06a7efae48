import { type Command, Option } from 'commander'
import type { ImportBody, ImportedBody, ImportResultBody } from '../http/contract.ts'
import { sessionOf } from './context.ts'
import { type ImportDefaults, readImport } from './import-lines.ts'
import { readSource } from './import-source.ts'

/** As many as the server takes at a time. */
const batchSize = 1000

export function defineImport(keys: Command): void {
  keys
    .command('import <file>')
    .description('takes over keys that were made elsewhere, as CSV or JSON lines; - reads standard input')
    .addOption(new Option('--kind <KIND>', 'where the file names none').choices(['app', 'dataset', 'service']))
    .option('--tenant <ID>', 'where the file names none')
    .option('--app <ID>', 'where the file names none')
    .action(async (file: string, options: Record<'kind' | 'tenant' | 'app', string | undefined>, command: Command) => {
      const { api, output } = await sessionOf(command, 120_000)
      const lines = readImport(readSource(file), {
        ...(options.kind && { kind: options.kind as NonNullable<ImportDefaults['kind']> }),
        ...(options.tenant && { tenantId: options.tenant }),
        ...(options.app && { appId: options.app }),
      })
      const counts = { imported: 0, existing: 0, refused: 0 }
      for (let start = 0; start < lines.length; start += batchSize) {
        const body: ImportBody = { keys: lines.slice(start, start + batchSize) }
        const done = await api.post<ImportedBody>('keys/import', body)
        counts.imported += done.imported
        counts.existing += done.existing
        counts.refused += done.refused
        for (const [at, result] of done.results.entries()) tell(start + at + 1, result)
      }
      const { imported, existing, refused } = counts
      output.done(counts, `${imported} imported, ${existing} were here already, ${refused} refused.`)
      if (refused > 0) process.exitCode = 1
    })
}

/** By the number of the key in the file, never by the key. */
function tell(number: number, result: ImportResultBody): void {
  if (result.outcome === 'refused') process.stderr.write(`Key ${number}: ${result.problem}. ${result.fix}.\n`)
}
