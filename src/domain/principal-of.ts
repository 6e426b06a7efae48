import type { Credential } from './credential.ts'
import type { Principal } from './principal.ts'
import { keySubject } from './subjects.ts'

export function principalOf(credential: Credential): Principal {
  return {
    keyId: credential.keyId,
    kind: credential.kind,
    tenantId: credential.tenantId,
    appId: credential.appId,
    subject: keySubject(credential.keyId),
    scopes: credential.scopes,
    permissions: credential.permissions,
    environment: credential.environment,
    expiresAtMs: credential.expiresAtMs,
  }
}
