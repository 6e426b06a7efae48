import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'
import { until } from '../servers/until.ts'

/** A PostgreSQL that writes down every statement it is asked, so that queries are counted by the one who answers them. */
export function startTellingPostgres(): Promise<PostgresServer> {
  return startPostgres({
    config: {
      logging_collector: 'on',
      log_directory: 'log',
      log_filename: 'statements.log',
      log_rotation_size: '0',
      log_rotation_age: '0',
      log_statement: 'all',
      log_line_prefix: '%d ',
      synchronous_commit: 'on',
    },
  })
}

const look = /^(\S+) LOG: {2}execute gatehouse_find: [\s\S]*?\n\S+ DETAIL: {2}parameters: \$1 = '([^']*)'/gm

/** Which credentials the nodes of one database have looked up in SQL, as PostgreSQL saw it. */
export class QueryLog {
  readonly #postgres: PostgresServer
  readonly #database: string
  #from = 0
  #marks = 0

  constructor(postgres: PostgresServer, database: string) {
    this.#postgres = postgres
    this.#database = database
  }

  /** Forgets what was counted so far. */
  async restart(): Promise<void> {
    this.#from = (await this.#whole()).length
  }

  /** The digest of every look-up since `restart`, in order. */
  async lookups(): Promise<readonly string[]> {
    return this.#read(await this.#whole())
  }

  /** As far as it is written by now, for waiting. */
  seenLookups(): readonly string[] {
    return this.#read(this.#text())
  }

  #read(text: string): readonly string[] {
    return [...text.slice(this.#from).matchAll(look)]
      .filter(([, name]) => name === this.#database)
      .map(([, , digest = '']) => digest)
  }

  /** A statement is logged before it runs; what stands before the mark is all that was asked before it. */
  async #whole(): Promise<string> {
    const mark = `mark ${process.pid} ${this.#database} ${this.#marks++}`
    await this.#postgres.query(`select '${mark}'`)
    await until('the statement log is written', () => this.#text().includes(mark))
    const text = this.#text()
    return text.slice(0, text.indexOf(mark))
  }

  #text(): string {
    const path = join(this.#postgres.dir, 'log', 'statements.log')
    return existsSync(path) ? readFileSync(path, 'latin1') : ''
  }
}
