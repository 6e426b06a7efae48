import type { Static } from 'typebox'
import { expectTypeOf, test } from 'vitest'
import type * as contract from './contract.ts'
import type * as schema from './schemas.ts'

test('what is documented and validated is what the contract promises', () => {
  expectTypeOf<Static<typeof schema.Problem>>().toExtend<contract.ProblemBody>()
  expectTypeOf<Static<typeof schema.Key>>().toExtend<contract.KeyBody>()
  expectTypeOf<Static<typeof schema.IssuedKey>>().toExtend<contract.IssuedKeyBody>()
  expectTypeOf<Static<typeof schema.CreateKey>>().toExtend<contract.CreateKeyBody>()
  expectTypeOf<Static<typeof schema.UpdateKey>>().toExtend<contract.UpdateKeyBody>()
  expectTypeOf<Static<typeof schema.RotateKey>>().toExtend<contract.RotateKeyBody>()
  expectTypeOf<Static<typeof schema.RevokeMembers>>().toExtend<contract.RevokeQuery>()
  expectTypeOf<Static<typeof schema.Receipt>>().toExtend<contract.ReceiptBody>()
  expectTypeOf<Static<typeof schema.Change>>().toExtend<contract.ChangeBody>()
  expectTypeOf<Static<typeof schema.VerifyKeys>>().toExtend<contract.VerifyBody>()
  expectTypeOf<Static<typeof schema.Verdicts>>().toExtend<contract.VerdictsBody>()
  expectTypeOf<Static<typeof schema.ImportKeys>>().toExtend<contract.ImportBody>()
  expectTypeOf<Static<typeof schema.Tenant>>().toExtend<contract.TenantBody>()
  expectTypeOf<Static<typeof schema.CreateTenant>>().toExtend<contract.CreateTenantBody>()
  expectTypeOf<Static<typeof schema.UpdateTenant>>().toExtend<contract.UpdateTenantBody>()
  expectTypeOf<Static<typeof schema.App>>().toExtend<contract.AppBody>()
  expectTypeOf<Static<typeof schema.CreateApp>>().toExtend<contract.CreateAppBody>()
  expectTypeOf<Static<typeof schema.UpdateApp>>().toExtend<contract.UpdateAppBody>()
  expectTypeOf<Static<typeof schema.AuditEntry>>().toExtend<contract.AuditBody>()
  expectTypeOf<Static<typeof schema.KeyListMembers>>().toExtend<contract.KeyListQuery>()
  expectTypeOf<Static<typeof schema.NodeStateSchema>>().toExtend<contract.NodeState>()
  expectTypeOf<Static<typeof schema.Ready>>().toExtend<contract.ReadyBody>()
})
