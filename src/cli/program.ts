import { Command } from 'commander'
import { version } from '../version.ts'
import { defineAdmin } from './admin.ts'
import { defineApps } from './apps.ts'
import { defineAudit } from './audit.ts'
import { defineBench } from './bench.ts'
import { defineCache } from './cache.ts'
import { defineDoctor } from './doctor.ts'
import { defineKeys } from './keys.ts'
import { defineMigrate } from './migrate.ts'
import { defineNodes } from './nodes.ts'
import { defineServe } from './serve.ts'
import { defineTenants } from './tenants.ts'

/** Every command. What a command needs beyond its words is loaded when it runs. */
export function createProgram(): Command {
  const program = new Command('gatehouse')
    .description('Issues API keys, checks them in microseconds, revokes them for good.')
    .version(version, '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints help')
    .helpCommand('help [command]', 'prints help for a command')
    .option('--json', 'JSON lines in place of tables')
    .option('--quiet', 'nothing but errors')
    .option('--config <FILE>', 'settings from this file (GATEHOUSE_CONFIG; gatehouse.yaml)')
    .option('--url <URL>', 'the server to talk to (GATEHOUSE_URL; http://127.0.0.1:8700)')
    .option('--admin-key <KEY>', 'sent to the server; - reads it from standard input (GATEHOUSE_ADMIN_KEY)')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
  for (const define of commands) define(program)
  return program
}

const commands = [
  ...[defineServe, defineMigrate, defineKeys, defineTenants, defineApps, defineNodes, defineAudit, defineCache],
  ...[defineAdmin, defineDoctor, defineBench],
]
