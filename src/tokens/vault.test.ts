import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { confirmMasterKey, createVault } from './vault.ts'

const masterKey = () => new Secret(randomBytes(32).toString('base64'))

describe('the vault', () => {
  it('opens what it wrapped, and never wraps the same way twice', () => {
    const vault = createVault(masterKey())
    const plain = randomBytes(32)
    const wrapped = vault.wrap('pepper:1', plain)
    expect(wrapped).toMatch(/^v1\.[\w-]{16}\.[\w-]{64}$/)
    expect(Buffer.from(vault.unwrap('pepper:1', wrapped))).toEqual(plain)
    expect(vault.wrap('pepper:1', plain)).not.toBe(wrapped)
  })

  it('opens nothing that was changed, moved to another label or wrapped under another key', () => {
    const vault = createVault(masterKey())
    const wrapped = vault.wrap('pepper:1', randomBytes(32))
    const middle = wrapped.length - 20
    const changed = wrapped.slice(0, middle) + (wrapped[middle] === 'A' ? 'B' : 'A') + wrapped.slice(middle + 1)
    const attempts = [
      () => vault.unwrap('pepper:1', changed),
      () => vault.unwrap('pepper:2', wrapped),
      () => createVault(masterKey()).unwrap('pepper:1', wrapped),
      () => vault.unwrap('pepper:1', wrapped.replace('v1', 'v2')),
      () => vault.unwrap('pepper:1', `${wrapped}.x`),
      () => vault.unwrap('pepper:1', ''),
    ]
    for (const attempt of attempts) expect(attempt).toThrow(/GATEHOUSE_MASTER_KEY/)
  })

  it.each([
    '',
    'short',
    'x'.repeat(43),
    `${'A'.repeat(43)}==`,
    randomBytes(31).toString('base64'),
    `${'A'.repeat(42)}!`,
  ])('refuses the master key %j with the command that makes one', (text) => {
    // 43 times "x" decodes to 32 bytes and is one.
    if (text === 'x'.repeat(43)) return expect(createVault(new Secret(text))).toBeDefined()
    expect(() => createVault(new Secret(text))).toThrow(/GATEHOUSE_MASTER_KEY is not 32 bytes/)
  })

  it('refuses to go on under another master key than before, without showing either', () => {
    const [one, other] = [masterKey(), masterKey()]
    const stored = createVault(one).checkValue
    confirmMasterKey(createVault(one), stored)
    expect(() => confirmMasterKey(createVault(other), stored)).toThrow(/GATEHOUSE_MASTER_KEY/)
    expect(stored).not.toContain(one.reveal().slice(0, 8))
  })
})
