import type { IncomingMessage } from 'node:http'
import type { Principal } from '../domain/principal.ts'
import { scopesProblem } from '../domain/scope.ts'
import type { Certificate, Verdict } from '../domain/verdict.ts'
import { Fault } from '../kernel/fault.ts'
import { type Answer, faultAnswer, notReceivedAnswer, type Place, refusalAnswer } from './answer.ts'
import { type Asked, createDoor, type DoorOptions } from './door.ts'
import type { NotReceived } from './receive.ts'
import { newRequestId } from './request-id.ts'

/** What a middleware is told. */
export interface ProtectionOptions extends DoorOptions, Asked {
  /** For `WWW-Authenticate`. Default: `gatehouse`. */
  readonly realm?: string
}

export type Passage =
  | { readonly kind: 'passed'; readonly principal: Principal; readonly certificate: Certificate }
  | { readonly kind: 'stopped'; readonly answer: Answer }

/** Every middleware is a few lines around this. Throws `setting.invalid` for options that can never work. */
export function createProtection(options: ProtectionOptions): (request: IncomingMessage) => Passage | Promise<Passage> {
  checkOptions(options)
  const door = createDoor(options)
  return (request) => {
    const head = door.head(request)
    const requestId = head.requestId ?? newRequestId()
    const found = door.check(request, head, options)
    if (!(found instanceof Promise)) return passage(found, options, requestId)
    return found.then(
      (verdict) => passage(verdict, options, requestId),
      () => ({ kind: 'stopped', answer: faultAnswer('internal', requestId) }),
    )
  }
}

function passage(found: Verdict | NotReceived, place: Place, requestId: string): Passage {
  if (found.kind === 'accepted') {
    return { kind: 'passed', principal: found.principal, certificate: found.certificate }
  }
  const refused = found.kind === 'refused'
  const answer = refused ? refusalAnswer(found, place, requestId) : notReceivedAnswer(found, place, requestId)
  return { kind: 'stopped', answer }
}

/** What may stand in a quoted string of a header. */
export function isRealm(text: string): boolean {
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(text)
}

function checkOptions({ scope, permissions = [], realm }: ProtectionOptions): void {
  const wrong =
    scopesProblem('permissions', permissions) ?? (scope === undefined ? undefined : scopesProblem('scopes', [scope]))
  if (wrong) throw new Fault('setting.invalid', { public: wrong.problem, fix: wrong.fix })
  if (realm === undefined || isRealm(realm)) return
  const fix = 'Use 1 to 128 visible ASCII characters or spaces, without " and \\'
  throw new Fault('setting.invalid', { public: 'realm is not valid', fix })
}
