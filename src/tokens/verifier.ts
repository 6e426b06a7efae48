import { createSecretKey } from 'node:crypto'
import { Fault } from '../kernel/fault.ts'
import { Secret } from '../kernel/secret.ts'
import { createRecognitionRing, type RecognitionKeys, type RecognitionRing } from './peppers.ts'

const form = 'ghv1.'

/**
 * What an app that embeds the check is given in place of the master key: enough to recognise keys and to look them up,
 * not enough to make one or to open what is wrapped at rest.
 */
export function writeVerifier(keys: readonly RecognitionKeys[]): Secret {
  const rows = keys.map(({ generation, tag, digest }) => [generation, encode(tag), encode(digest)])
  return new Secret(form + Buffer.from(JSON.stringify(rows)).toString('base64url'))
}

/** Throws `Fault('setting.invalid')` for anything that `writeVerifier` did not write. */
export function readVerifier(verifier: Secret): RecognitionRing {
  const text = verifier.reveal().trim()
  const rows = text.startsWith(form) ? parse(Buffer.from(text.slice(form.length), 'base64url').toString()) : undefined
  if (!Array.isArray(rows) || rows.length === 0) throw unreadable()
  return createRecognitionRing(rows.map(readRow))
}

function readRow(row: unknown): RecognitionKeys {
  if (!Array.isArray(row) || row.length !== 3 || !Number.isSafeInteger(row[0])) throw unreadable()
  return { generation: row[0], tag: decode(row[1]), digest: decode(row[2]) }
}

function encode(key: RecognitionKeys['tag']): string {
  return key.export().toString('base64url')
}

function decode(text: unknown): RecognitionKeys['tag'] {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  if (bytes.length !== 32) throw unreadable()
  return createSecretKey(bytes)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(): Fault {
  return new Fault('setting.invalid', {
    public: 'GATEHOUSE_VERIFIER is not what `gatehouse admin verifier` printed',
    fix: 'Run `gatehouse admin verifier` where the master key is, and copy the whole line',
  })
}
