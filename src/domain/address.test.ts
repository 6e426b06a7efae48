import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressAllowed, cidrProblem, normaliseAddress } from './address.ts'

describe('cidrProblem', () => {
  it.each([
    '10.0.0.0/8',
    '203.0.113.7',
    '0.0.0.0/0',
    '::/0',
    '2001:db8::/32',
    '::1',
    '::ffff:10.0.0.0/104',
    'fe80::/10',
  ])('takes %s', (text) => expect(cidrProblem(text)).toBeUndefined())

  it.each([
    ['', 'Write it like'],
    ['10.0.0.0/', 'from 0 to 32'],
    ['10.0.0.0/33', 'from 0 to 32'],
    ['10.0.0.0/08', 'from 0 to 32'],
    ['10.0.0.0/8/8', 'Write it like'],
    ['010.0.0.0/8', 'Write it like'],
    ['2001:db8::/129', 'from 0 to 128'],
    ['fe80::1%eth0', 'Write it like'],
    ['10.0.0.1/8', 'Write 10.0.0.0/8, or 10.0.0.1'],
    ['2001:db8::1/32', 'Write 2001:db8::/32, or 2001:db8::1'],
    ['::ffff:10.1.0.0/104', 'Write 0:0:0:0:0:ffff:a00::/104'],
    ['example.org', 'Write it like'],
  ])('refuses %s and says what to write', (text, fix) => expect(cidrProblem(text)?.fix).toContain(fix))

  it('takes what it tells the user to write', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (ip, bits) => {
        const fix = cidrProblem(`${ip}/${bits}`)?.fix
        const suggested = /^Write (\S+), or/.exec(fix ?? '')?.[1]
        if (suggested) expect(cidrProblem(suggested)).toBeUndefined()
      }),
    )
  })
})

describe('addressAllowed', () => {
  it('allows every address, known or not, when there is no list', () => {
    expect(addressAllowed([], undefined)).toBe(true)
    expect(addressAllowed([], 'nonsense')).toBe(true)
  })

  it('allows what a block holds and nothing beside it', () => {
    const list = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1']
    for (const ip of ['10.255.0.1', '2001:db8:ffff::1', '192.0.2.1']) expect(addressAllowed(list, ip)).toBe(true)
    for (const ip of ['11.0.0.1', '2001:db9::1', '192.0.2.2', '', 'x', undefined])
      expect(addressAllowed(list, ip)).toBe(false)
  })

  it('takes an IPv4 address for the same however it is written', () => {
    for (const block of ['10.0.0.0/8', '::ffff:10.0.0.0/104', '::ffff:a00:0/104']) {
      for (const ip of ['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:a01:203', '0:0:0:0:0:ffff:a01:203']) {
        expect(addressAllowed([block], ip), `${ip} in ${block}`).toBe(true)
      }
    }
  })

  it('never lets an IPv4 address pass by a block over all of IPv6, nor the other way', () => {
    expect(addressAllowed(['::/0'], '10.0.0.1')).toBe(false)
    expect(addressAllowed(['::/0'], '::ffff:10.0.0.1')).toBe(false)
    expect(addressAllowed(['0.0.0.0/0'], '2001:db8::1')).toBe(false)
  })

  it('compares a link-local address without its network card', () => {
    expect(addressAllowed(['fe80::/10'], 'fe80::1%eth0')).toBe(true)
    expect(normaliseAddress('fe80::1%eth0')).toBe('fe80::1')
  })
})
