import { describe, expect, it } from 'vitest'
import type { Credential } from './credential.ts'
import type { Demand } from './judge.ts'
import { hasScope, isPlain, judge } from './judge.ts'

const good: Credential = {
  keyId: 'k',
  kind: 'service',
  keyState: 'active',
  tenantId: 't',
  tenantState: 'active',
  appId: 'a',
  appState: 'active',
  scopes: ['orders:read'],
  permissions: ['files.*', 'mail.send'],
  allowedCidrs: [],
  environment: null,
  expiresAtMs: null,
  graceEndsAtMs: null,
}

const now = 1_000_000

/** From the gravest reason to the least: what makes each of them hold. */
const wrongs: readonly (readonly [string, Partial<Credential>, Demand])[] = [
  ['REVOKED', { keyState: 'revoked' }, {}],
  ['ROTATED_OUT', { graceEndsAtMs: now }, {}],
  ['DISABLED', { keyState: 'disabled' }, {}],
  ['EXPIRED', { expiresAtMs: now }, {}],
  ['TENANT_SUSPENDED', { tenantState: 'suspended' }, {}],
  ['APP_DISABLED', { appState: 'disabled' }, {}],
  ['IP_NOT_ALLOWED', { allowedCidrs: ['10.0.0.0/8'] }, { ip: '192.0.2.1' }],
  ['FORBIDDEN', {}, { scope: 'orders:write' }],
  ['INSUFFICIENT_PERMISSIONS', {}, { permissions: ['mail.read'] }],
]

describe('judge', () => {
  it('accepts a key that has what is asked', () => {
    expect(judge(good, {}, now)).toBe('VALID')
    expect(judge(good, { scope: 'orders:read', permissions: ['files.read', 'mail.send'] }, now)).toBe('VALID')
  })

  it('accepts any key for the scope that is named as its kind, and for no other kind', () => {
    expect(judge(good, { scope: 'service' }, now)).toBe('VALID')
    expect(judge(good, { scope: 'admin' }, now)).toBe('FORBIDDEN')
    expect(hasScope({ kind: 'app', scopes: [] }, 'app')).toBe(true)
  })

  it.each(wrongs)('answers %s where that is all that is wrong', (code, change, demand) => {
    const { allowedCidrs: _, ...rest } = change
    expect(judge({ ...good, ...change }, demand, now)).toBe(code)
    if (Object.keys(rest).length > 0) expect(isPlain({ ...good, ...change })).toBe(false)
  })

  it('answers the gravest reason where several hold', () => {
    let credential = good
    let demand: Demand = {}
    for (const [code, change, asked] of wrongs.toReversed()) {
      credential = { ...credential, ...change }
      demand = { ...demand, ...asked }
      expect(judge(credential, demand, now)).toBe(code)
    }
  })

  it('takes an instant that is reached as over, and one millisecond before as not', () => {
    expect(judge({ ...good, expiresAtMs: now + 1 }, {}, now)).toBe('VALID')
    expect(judge({ ...good, graceEndsAtMs: now + 1 }, {}, now)).toBe('VALID')
  })

  it('refuses a key whose tenant or app is gone', () => {
    expect(judge({ ...good, tenantState: null }, {}, now)).toBe('TENANT_SUSPENDED')
    expect(judge({ ...good, appState: null }, {}, now)).toBe('APP_DISABLED')
  })

  it('refuses a key with an address list when the address is unknown', () => {
    expect(judge({ ...good, allowedCidrs: ['0.0.0.0/0', '::/0'] }, {}, now)).toBe('IP_NOT_ALLOWED')
  })

  it('calls a key plain only when neither time nor an address can refuse it', () => {
    expect(isPlain(good)).toBe(true)
    expect(isPlain({ ...good, expiresAtMs: now * 2 })).toBe(false)
    expect(isPlain({ ...good, graceEndsAtMs: now * 2 })).toBe(false)
    expect(isPlain({ ...good, allowedCidrs: ['::/0'] })).toBe(false)
  })
})
