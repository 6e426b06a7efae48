import { Fault } from '../kernel/fault.ts'

/** Texts that one of the databases cannot keep as they are would be stored as something else, or fail late. */
export function checkTexts(parameters: readonly unknown[]): void {
  for (const one of parameters) {
    if (typeof one === 'string' && (one.includes('\0') || !one.isWellFormed())) throw textFault()
  }
}

export function textFault(cause?: unknown): Fault {
  return new Fault('request.invalid', {
    public: 'A text holds a NUL character or half of a surrogate pair',
    fix: 'Send well-formed Unicode without U+0000.',
    cause,
  })
}

/** Sentences for broken uniqueness, by the name of the index. SQLite names the columns instead. */
const conflicts = [
  { index: 'tenants_name', columns: 'tenants.name', sentence: 'A tenant of this name exists already' },
  { index: 'apps_name', columns: 'apps.tenant_id, apps.name', sentence: 'The tenant has an app of this name already' },
] as const

/** `hint`: whatever the driver says about the index or the columns. */
export function conflictFault(hint: string, cause?: unknown): Fault {
  const known = conflicts.find(({ index, columns }) => hint === index || hint.endsWith(columns))
  return new Fault('request.conflict', { public: known?.sentence ?? 'This exists already', cause })
}
