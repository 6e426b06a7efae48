import { Fault } from './kernel/fault.ts'
import { nearest } from './kernel/nearest.ts'
import { type World, Wrong } from './settings-kinds.ts'
import { type SettingName, type SettingValues, settingNames, settingOf } from './settings-table.ts'

/** One place that settings come from; the first that gives a setting wins. */
export interface SettingSource {
  /** `undefined` where this source does not give the setting. */
  given(name: SettingName): Given | undefined
  readonly numbersAreMs?: boolean
}

export interface Given {
  readonly value: unknown
  /** How the reader finds it again: `--lease`, `GATEHOUSE_LEASE`, `lease in gatehouse.yaml`. */
  readonly where: string
}

export interface SettingReading {
  readonly values: SettingValues
  /** Where each setting was given; absent for defaults. */
  readonly where: ReadonlyMap<SettingName, string>
}

/** Reads every setting from the first source that gives it, else its default. Throws `Fault('setting.invalid')`. */
export function readSettings(sources: readonly SettingSource[], readFile: World['readFile']): SettingReading {
  const values: Partial<Record<SettingName, unknown>> = {}
  const where = new Map<SettingName, string>()
  for (const name of settingNames) {
    const source = sources.find((candidate) => candidate.given(name) !== undefined)
    const given = source?.given(name)
    if (given) where.set(name, given.where)
    const world = { readFile, numbersAreMs: source?.numbersAreMs ?? false }
    values[name] = given ? readOne(name, given, world) : defaultOf(name, world)
  }
  return { values: values as SettingValues, where }
}

function defaultOf(name: SettingName, world: World): unknown {
  const setting = settingOf(name)
  return setting.default === null ? null : setting.kind.read(setting.default, world)
}

function readOne(name: SettingName, given: Given, world: World): unknown {
  const { kind } = settingOf(name)
  const value = kind.read(given.value, world)
  if (value !== undefined && !(value instanceof Wrong)) return value
  const shown = kind.showWrong?.(given.value) ?? show(given.value)
  const why = value instanceof Wrong ? `; ${value.why}` : ''
  throw new Fault('setting.invalid', {
    public: `${given.where} is ${shown}${why}`,
    fix: `It must be ${kind.allowed}`,
  })
}

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value)
  return shown.length > 80 ? `${shown.slice(0, 77)}…` : shown
}

/** Refuses a name that nothing answers to, with the one that was probably meant. */
export function unknownSetting(what: string, given: string, known: readonly string[], where: string): Fault {
  const bare = (name: string) => name.replace(/^GATEHOUSE_/, '')
  const near = nearest(bare(given), known.map(bare))
  const meant = known.find((name) => bare(name) === near)
  return new Fault('setting.invalid', {
    public: `${where} has ${what} ${given}, which Gatehouse does not know`,
    fix: meant ? `Did you mean ${meant}? Otherwise remove it` : 'Remove it',
  })
}
