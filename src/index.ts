export type { KeyKind } from './domain/api-key.ts'
export type { Principal } from './domain/principal.ts'
export {
  type Certificate,
  type RefusalReason,
  type Tier,
  type Verdict,
  type VerdictCode,
  verdictStatus,
} from './domain/verdict.ts'
export type { Ask, Gate } from './gateway/gate.ts'
export { Fault, type FaultCode } from './kernel/fault.ts'
export { createGatehouse, type Gatehouse } from './library.ts'
export type { SettingsInput } from './settings.ts'
