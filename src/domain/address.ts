import { BlockList, isIP } from 'node:net'

/** A sentence that says what is wrong, and one that says what to write instead. */
export interface Problem {
  readonly problem: string
  readonly fix: string
}

interface Cidr {
  readonly network: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Checks an address or a CIDR block, IPv4 or IPv6; a bare address means itself alone. */
export function cidrProblem(text: string): Problem | undefined {
  const read = readCidr(text)
  return 'problem' in read ? read : undefined
}

/** The short form of an address: an IPv4 address that is mapped into IPv6 becomes IPv4 again. `undefined` if it is none. */
export function normaliseAddress(given: string): string | undefined {
  // What follows a `%` names the network card, not the address.
  const text = given.includes('%') && isIP(given) === 6 ? given.slice(0, given.indexOf('%')) : given
  const family = isIP(text)
  if (family === 4) return text
  if (family === 0) return undefined
  const groups = ipv6Groups(text)
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return text
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Whether one of the blocks holds the address. No blocks allow every address; an unknown address fits no block. */
export function addressAllowed(cidrs: readonly string[], ip: string | undefined): boolean {
  if (cidrs.length === 0) return true
  const address = ip === undefined ? undefined : normaliseAddress(ip)
  if (address === undefined) return false
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
  return blocksOf(cidrs)[family].check(address, family)
}

/** One list for each family: a common one would let IPv4 addresses pass by blocks over all of IPv6. */
interface Blocks {
  readonly ipv4: BlockList
  readonly ipv6: BlockList
}

/** Compiled once for each list; gone with the cached credential that holds the list. */
const compiled = new WeakMap<readonly string[], Blocks>()

function blocksOf(cidrs: readonly string[]): Blocks {
  const known = compiled.get(cidrs)
  if (known) return known
  const blocks = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of cidrs) {
    const cidr = readCidr(text)
    if (!('problem' in cidr)) blocks[cidr.family].addSubnet(cidr.network, cidr.bits, cidr.family)
  }
  compiled.set(cidrs, blocks)
  return blocks
}

function readCidr(text: string): Cidr | Problem {
  const [head = '', bitsText, ...more] = text.split('/')
  const family = head.includes('%') ? 0 : isIP(head)
  if (family === 0 || more.length > 0) {
    return { problem: `"${text}" is not an address block`, fix: 'Write it like 203.0.113.0/24 or 2001:db8::/32' }
  }
  const width = family === 4 ? 32 : 128
  const bits = bitsText === undefined ? width : Number(bitsText)
  if (bitsText !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(bitsText) || bits > width)) {
    return { problem: `"${text}" has no valid prefix length`, fix: `Write a number from 0 to ${width} after the slash` }
  }
  const groups = family === 4 ? head.split('.').map(Number) : ipv6Groups(head)
  const groupBits = family === 4 ? 8 : 16
  const masked = groups.map((group, i) => group & maskOf(bits - i * groupBits, groupBits))
  if (masked.some((group, i) => group !== groups[i])) {
    const network = writeGroups(masked, family)
    return {
      problem: `"${text}" has bits set after its prefix`,
      fix: `Write ${network}/${bits}, or ${head} for this address alone`,
    }
  }
  return unmapped({ network: head, bits, family: family === 4 ? 'ipv4' : 'ipv6' })
}

/** A block within `::ffff:0:0/96` is one of IPv4: addresses are compared in their IPv4 form. */
function unmapped(cidr: Cidr): Cidr {
  const network = cidr.family === 'ipv6' && cidr.bits >= 96 ? normaliseAddress(cidr.network) : undefined
  return network !== undefined && isIP(network) === 4 ? { network, bits: cidr.bits - 96, family: 'ipv4' } : cidr
}

function maskOf(bits: number, width: number): number {
  const kept = Math.max(0, Math.min(bits, width))
  return (2 ** width - 1) & ~(2 ** (width - kept) - 1)
}

/** Eight 16-bit numbers of a text that `isIP` found to be IPv6. */
function ipv6Groups(text: string): number[] {
  const [before = '', after] = text.split('::')
  const head = readGroups(before)
  if (after === undefined) return head
  const tail = readGroups(after)
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function readGroups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function writeGroups(groups: readonly number[], family: number): string {
  if (family === 4) return groups.join('.')
  const texts = groups.map((group) => group.toString(16))
  while (texts.length > 0 && texts.at(-1) === '0') texts.pop()
  return texts.length === 8 ? texts.join(':') : `${texts.join(':')}::`
}
