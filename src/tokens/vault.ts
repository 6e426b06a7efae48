import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Fault } from '../kernel/fault.ts'
import type { Secret } from '../kernel/secret.ts'

/**
 * Wraps what is secret at rest under the master key: AES-256-GCM, written `v1.<nonce>.<ciphertext and tag>` in base64url.
 * The label under which a thing is kept is authenticated with it, so that one wrapped thing cannot stand in for another.
 */
export interface Vault {
  /** Tells two master keys apart and gives neither away. */
  readonly checkValue: string
  wrap(label: string, plain: Uint8Array): string
  /** Throws `Fault('setting.invalid')` if this master key and label did not wrap it. */
  unwrap(label: string, wrapped: string): Uint8Array
}

const nonceLength = 12
const authLength = 16

/** `masterKey`: 32 bytes as base64. Throws `Fault('setting.invalid')` for anything else. */
export function createVault(masterKey: Secret): Vault {
  const key = readMasterKey(masterKey.reveal())
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', key, '', `gatehouse ${use}`, 32))
  const wrapping = derive('wrapping')
  return {
    checkValue: derive('master key check').toString('base64url'),
    wrap(label, plain) {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', wrapping, nonce).setAAD(Buffer.from(label))
      const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return `v1.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },
    unwrap: (label, wrapped) => open(wrapping, label, wrapped),
  }
}

function open(wrapping: Buffer, label: string, wrapped: string): Uint8Array {
  const [version, nonceText = '', sealedText = '', ...more] = wrapped.split('.')
  const nonce = Buffer.from(nonceText, 'base64url')
  const sealed = Buffer.from(sealedText, 'base64url')
  if (version !== 'v1' || nonce.length !== nonceLength || sealed.length < authLength || more.length > 0) {
    throw unfit(`what is stored as ${label} is not in the form v1.<nonce>.<ciphertext>`)
  }
  const cut = sealed.length - authLength
  const decipher = createDecipheriv('aes-256-gcm', wrapping, nonce, { authTagLength: authLength })
  decipher.setAAD(Buffer.from(label)).setAuthTag(sealed.subarray(cut))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, cut)), decipher.final()])
  } catch (cause) {
    throw unfit(`what is stored as ${label} does not open`, cause)
  }
}

function unfit(detail: string, cause?: unknown): Fault {
  return new Fault('setting.invalid', {
    public: 'GATEHOUSE_MASTER_KEY is not the key under which the secrets of this database were wrapped',
    fix: 'Set GATEHOUSE_MASTER_KEY to the value that this database was first started with',
    detail,
    cause,
  })
}

/** Throws unless the check value that is stored is the one of this master key. */
export function confirmMasterKey(vault: Vault, stored: string): void {
  if (stored !== vault.checkValue) throw unfit('the stored check value is another')
}

function readMasterKey(text: string): Buffer {
  const trimmed = text.trim()
  const key = Buffer.from(trimmed, 'base64')
  if (key.length === 32 && /^[0-9A-Za-z+/_-]{43}=?$/.test(trimmed)) return key
  throw new Fault('setting.invalid', {
    public: 'GATEHOUSE_MASTER_KEY is not 32 bytes in base64',
    fix: 'Make one with: openssl rand -base64 32',
  })
}
