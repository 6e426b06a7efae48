import { parseDocument } from 'yaml'
import { Fault } from './kernel/fault.ts'
import { type Given, type SettingSource, unknownSetting } from './settings-reading.ts'
import { type SettingName, settingNames, settingOf } from './settings-table.ts'

type ReadFile = (path: string) => string

export function flagSource(flags: Readonly<Partial<Record<SettingName, unknown>>>): SettingSource {
  return {
    given(name) {
      const value = flags[name]
      return value === undefined ? undefined : { value, where: settingOf(name).flag ?? name }
    },
  }
}

/** What a program gives; its members are named as in the file. */
export function objectSource(given: object): SettingSource {
  const source = memberSource(given, (name) => name, 'The settings')
  return { ...source, numbersAreMs: true }
}

/** Said to the commands, not settings of the server. */
const alsoKnown = ['GATEHOUSE_URL', 'GATEHOUSE_CONFIG']

/** Of the project's own tests, which run the library in their process. */
const ofTests = /^GATEHOUSE_(TEST_\w+|SEED)$/

/** What Kubernetes puts into every pod beside a Service that is called `gatehouse`. */
const serviceLink = /^GATEHOUSE_(SERVICE_(HOST|PORT)\w*|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

/** Variables that are empty count as not given. `X_FILE` reads X from a file, without the line break at its end. */
export function environmentSource(
  env: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): SettingSource {
  refuseUnknownVariables(env)
  return {
    given(name) {
      const variable = settingOf(name).env
      const path = env[`${variable}_FILE`]
      const value = env[variable]
      if (path && value) {
        throw new Fault('setting.invalid', {
          public: `Both ${variable} and ${variable}_FILE are set`,
          fix: 'Remove one of them',
        })
      }
      if (path) return { value: contentOf(path, `${variable}_FILE`, readFile), where: `${variable}_FILE` }
      return value ? { value, where: variable } : undefined
    },
  }
}

function refuseUnknownVariables(env: Readonly<Record<string, string | undefined>>): void {
  const variables = settingNames.map((name) => settingOf(name).env)
  const known = new Set([...variables, ...variables.map((variable) => `${variable}_FILE`), ...alsoKnown])
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('GATEHOUSE_') || known.has(variable) || ofTests.test(variable)) continue
    const ofKubernetes = serviceLink.test(variable) && (variable !== 'GATEHOUSE_PORT' || env[variable]?.includes('://'))
    if (!ofKubernetes) throw unknownSetting('the variable', variable, [...variables, ...alsoKnown], 'The environment')
  }
}

function contentOf(path: string, where: string, readFile: ReadFile): string {
  try {
    return readFile(path).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new Fault('setting.invalid', {
      public: `${where} names ${path}, which cannot be read (${reasonOf(cause)})`,
      fix: 'Name a file that this user may read',
      cause,
    })
  }
}

const defaultFiles = ['gatehouse.yaml', 'gatehouse.yml', 'gatehouse.json']

/** The file that is named, else the one that lies in the working directory, else nothing. */
export function fileSource(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): SettingSource {
  const asked = named ?? (env.GATEHOUSE_CONFIG || undefined)
  const found = asked ? [{ path: asked, content: contentOf(asked, '--config', readFile) }] : lookFor(readFile)
  if (found.length > 1) {
    throw new Fault('setting.invalid', {
      public: `There are both ${found.map(({ path }) => path).join(' and ')}`,
      fix: 'Keep one of them, or choose with --config',
    })
  }
  const [file] = found
  if (!file) return { given: () => undefined }
  return memberSource(parseFile(file.path, file.content), (name) => `${name} in ${file.path}`, file.path)
}

function lookFor(readFile: ReadFile): readonly { readonly path: string; readonly content: string }[] {
  return defaultFiles.flatMap((path) => {
    try {
      return [{ path, content: readFile(path) }]
    } catch (cause) {
      if (reasonOf(cause) === 'ENOENT') return []
      return [{ path, content: contentOf(path, '--config', readFile) }]
    }
  })
}

/** YAML holds JSON. What the parser says of a mistake is cut to its place: the text may hold secrets. */
function parseFile(path: string, content: string): object {
  const document = parseDocument(content, { prettyErrors: true })
  const [error] = document.errors
  const value: unknown = error ? undefined : document.toJS()
  if (!error && (value === null || (typeof value === 'object' && !Array.isArray(value)))) return value ?? {}
  const place = error?.linePos ? ` at line ${error.linePos[0].line}, column ${error.linePos[0].col}` : ''
  throw new Fault('setting.invalid', {
    public: `${path} cannot be read as settings${place}${error ? ` (${error.code.toLowerCase().replaceAll('_', ' ')})` : ''}`,
    fix: 'Write one setting on each line, such as port: 8700',
  })
}

function memberSource(members: object, whereOf: (name: SettingName) => string, whole: string): SettingSource {
  const given = new Map<string, unknown>(Object.entries(members))
  for (const member of given.keys()) {
    if (!settingNames.some((name) => name === member)) throw unknownSetting('the setting', member, settingNames, whole)
  }
  return {
    given(name): Given | undefined {
      const value = given.get(name)
      return value === undefined || value === null ? undefined : { value, where: whereOf(name) }
    },
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
}
