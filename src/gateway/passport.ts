import type { Codec } from '../cache/source.ts'
import { type KeyKind, keyKinds } from '../domain/api-key.ts'
import type { Credential } from '../domain/credential.ts'
import { isPlain } from '../domain/judge.ts'
import type { Principal } from '../domain/principal.ts'
import { principalOf } from '../domain/principal-of.ts'
import { subjectsOf } from '../domain/subjects.ts'
import type { UseMark } from '../usage/last-used.ts'

/**
 * A credential as it lies in the cache, with what each check would otherwise work out anew. All that a check reads stands
 * here side by side and not one object further: with many keys each object is a wait for memory.
 */
export interface Passport extends UseMark {
  readonly credential: Credential
  readonly principal: Principal
  /** Good at any time and from any address: only the scope is left to ask. */
  readonly plain: boolean
  readonly kind: KeyKind
  readonly scopes: readonly string[]
}

export function passportOf(credential: Credential): Passport {
  // In the order in which a check reads them: what it reads of a key then lies in one line of memory, mostly.
  return {
    principal: principalOf(credential),
    plain: isPlain(credential),
    // The one text of that name in the program: equal then shows without looking into a text of the key's own.
    kind: keyKinds.find((kind) => kind === credential.kind) ?? credential.kind,
    usedAtS: 0,
    pending: false,
    scopes: credential.scopes,
    keyId: credential.keyId,
    credential,
  }
}

/** How passports travel through the shared tier. The form has a number: a node that cannot read it has a miss. */
export const passportCodec: Codec<Passport> = {
  encode: ({ credential }) => JSON.stringify([form, ...members.map((member) => credential[member])]),
  decode(payload) {
    const credential = decodeCredential(payload)
    return credential && passportOf(credential)
  },
  subjects: ({ credential }) => subjectsOf(credential),
  terminal: ({ credential }) => credential.keyState === 'revoked',
}

const form = 1

/** In the order in which they are written. */
const members = [
  'keyId',
  'kind',
  'keyState',
  'tenantId',
  'tenantState',
  'appId',
  'appState',
  'scopes',
  'permissions',
  'allowedCidrs',
  'environment',
  'expiresAtMs',
  'graceEndsAtMs',
] as const satisfies readonly (keyof Credential)[]

/** Parsed, not cast: what lies in the shared tier may come from another version, or from anybody who can write there. */
function decodeCredential(payload: string): Credential | undefined {
  const values = parseArray(payload)
  if (values?.[0] !== form || values.length !== members.length + 1) return undefined
  const record = Object.fromEntries(members.map((member, index) => [member, values[index + 1]]))
  return isCredential(record) ? record : undefined
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isText = (value: unknown) => typeof value === 'string'
const isTextOrNull = (value: unknown) => value === null || isText(value)
const isTimeOrNull = (value: unknown) => value === null || Number.isSafeInteger(value)
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
const isOneOf =
  (...allowed: readonly unknown[]) =>
  (value: unknown) =>
    allowed.includes(value)

const checks: Readonly<Record<(typeof members)[number], (value: unknown) => boolean>> = {
  keyId: isText,
  kind: isOneOf('app', 'dataset', 'service', 'admin'),
  keyState: isOneOf('active', 'disabled', 'revoked'),
  tenantId: isTextOrNull,
  tenantState: isOneOf('active', 'suspended', null),
  appId: isTextOrNull,
  appState: isOneOf('active', 'disabled', null),
  scopes: isTexts,
  permissions: isTexts,
  allowedCidrs: isTexts,
  environment: isTextOrNull,
  expiresAtMs: isTimeOrNull,
  graceEndsAtMs: isTimeOrNull,
}

function isCredential(record: object): record is Credential {
  return members.every((member) => checks[member](Reflect.get(record, member)))
}
