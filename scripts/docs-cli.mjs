// The page of commands, from the same description that `--help` prints.
import { createProgram } from '../src/cli/program.ts'
import { capital, table, written } from './docs-tables.mjs'

export function cliPage() {
  const program = createProgram()
  return `${written}

# Commands

\`gatehouse <command>\`. Commands that manage things talk to a running server; \`serve\`, \`migrate\`, \`doctor\`, \`bench\` and
\`admin recover\` run by themselves. Tables are for terminals; \`--json\` prints one JSON object on each line, with the members of
the [HTTP API](http-api.md).

Exit code 0: done. 1: refused or failed. 2: wrong use.

## Options of every command

${optionTable(program)}

A key that is given as \`-\` is read from standard input, where no list of processes shows it.

${leaves(program).map(section).join('\n\n')}
`
}

function leaves(command) {
  const inner = command.commands.filter((each) => each.name() !== 'help')
  return inner.length === 0 ? [command] : inner.flatMap(leaves)
}

function pathOf(command) {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function section(command) {
  const args = command.registeredArguments.map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`))
  const options = command.options.length > 0 ? ' [options]' : ''
  const usage = [`${pathOf(command)}${options}`, ...args].join(' ')
  const body = command.options.length > 0 ? `\n\n${optionTable(command)}` : ''
  return `## ${pathOf(command).replace('gatehouse ', '')}\n\n${capital(command.description())}.\n\n\`\`\`\n${usage}\n\`\`\`${body}`
}

function optionTable(command) {
  const rows = command.options.map((option) => {
    const choices = option.argChoices ? ` (${option.argChoices.join(', ')})` : ''
    const needed = option.mandatory ? '; needed' : ''
    const fallback = option.defaultValue === undefined ? '' : `; default ${option.defaultValue}`
    return [`\`${option.flags}\``, `${option.description}${choices}${needed}${fallback}`]
  })
  return table(['option', 'meaning'], rows)
}
