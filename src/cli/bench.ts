import type { Command } from 'commander'
import { outputOf } from './context.ts'
import { seconds } from './options.ts'

export function defineBench(program: Command): void {
  program
    .command('bench')
    .description('measures checks per second, in process and over HTTP, against the bare limit of this machine')
    .option('--duration <DURATION>', 'of the whole measurement', seconds, 10)
    .action(async (options: { readonly duration: number }, command: Command) => {
      const { measure } = await import('./bench-measure.ts')
      const output = outputOf(command)
      output.say(output.paint('dim', `Measuring for ${options.duration} s, on a database of its own …`))
      const results = await measure(options.duration * 1000)
      output.list(
        results,
        [
          { title: 'what', of: ({ what }) => what },
          { title: 'per second', of: ({ perSecond }) => Math.round(perSecond).toLocaleString('en-US') },
          { title: 'median', of: ({ p50Us }) => p50Us && `${p50Us.toFixed(0)} µs` },
          { title: 'p99', of: ({ p99Us }) => p99Us && `${p99Us.toFixed(0)} µs` },
          { title: 'of bare', of: ({ ofBare }) => ofBare && `${(ofBare * 100).toFixed(0)} %` },
        ],
        '',
      )
    })
}
