import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { findBinary } from './find-binary.ts'
import { freePort } from './free-port.ts'
import { scratchDirectory } from './scratch.ts'
import { ServerProcess, type ServerSpec, startOnFreePort } from './server-process.ts'

export interface NginxOptions {
  /** The port that `configuration` listens on. By default a free one, which stands where it says `{{port}}`. */
  readonly port?: number
  /** Files beside the configuration, by relative path, for `include`. `{{port}}` and `{{dir}}` are replaced in them too. */
  readonly files?: Readonly<Record<string, string>>
}

/** A real nginx. */
export class NginxServer extends ServerProcess {
  constructor(spec: Omit<ServerSpec, 'isReady'>) {
    super({ ...spec, isReady: () => accepts(spec.port) })
  }

  get url(): string {
    return `http://${this.host}:${this.port}`
  }

  /** What stands in its error log, level `info` and above, beside what it wrote to its standard error. */
  errorLog(): string {
    const path = join(this.dir, 'error.log')
    return (existsSync(path) ? readFileSync(path, 'utf8') : '') + this.log()
  }
}

/**
 * Starts nginx with `configuration`: either what belongs inside `http { … }`, or a whole nginx.conf with its own `http`.
 * In it `{{port}}` stands for the port and `{{dir}}` for the directory of the configuration.
 */
export function startNginx(configuration: string, options: NginxOptions = {}): Promise<NginxServer> {
  return startOnFreePort(async () => {
    const dir = scratchDirectory('nginx')
    const port = options.port ?? (await freePort())
    const fill = (text: string) => text.replaceAll('{{port}}', String(port)).replaceAll('{{dir}}', dir)
    const file = join(dir, 'nginx.conf')
    writeFileSync(file, fill(whole(configuration)))
    for (const [path, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(dir, path)), { recursive: true })
      writeFileSync(join(dir, path), fill(text))
    }
    const command = await findBinary('nginx')
    const globals = `daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log info;`
    const args = ['-p', dir, '-c', file, '-e', join(dir, 'error.log'), '-g', globals]
    chmodSync(dir, 0o777) // The workers drop root and write their temporary files here.
    return new NginxServer({ name: 'nginx', command, args, port, dir })
  })
}

/** Adds what keeps nginx inside its own directory, and `http` and `events` where they are missing. */
function whole(configuration: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = kinds.map((kind) => `${kind}_temp_path {{dir}}/${kind};`).join(' ')
  const http = /^\s*http\s*\{/m.test(configuration) ? configuration : `http {\naccess_log off;\n${configuration}\n}\n`
  const confined = http.replace(/^\s*http\s*\{/m, (head) => `${head} ${paths}`)
  return /^\s*events\s*\{/m.test(confined) ? confined : `events { }\n${confined}`
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
