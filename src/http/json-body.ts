import { Fault } from '../kernel/fault.ts'

const deepest = 32
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Reads a body or says why it cannot be read. `undefined` for an empty one. */
export function readJson(
  body: Buffer,
  contentType: string | undefined,
  done: (error: Error | null, value?: unknown) => void,
): void {
  let value: unknown
  try {
    checkCharset(contentType ?? '')
    value = parse(body)
  } catch (error) {
    done(error instanceof Error ? error : new Fault('request.malformed', { cause: error }))
    return
  }
  done(null, value)
}

/** JSON is UTF-8: what says that it is something else would be read as what it is not. */
function checkCharset(contentType: string): void {
  for (const [, charset = ''] of contentType.matchAll(/;\s*charset\s*=\s*("[^"]*"|[^;\s]*)/gi)) {
    if (/^"?utf-8"?$/i.test(charset)) continue
    throw new Fault('request.media-type', { public: 'Only JSON in UTF-8 is read here', fix: 'Send it as UTF-8' })
  }
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return undefined
  const value = parseText(decode(body))
  inspect(value)
  return value
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw malformed('The body is not valid UTF-8', 'Encode the body as UTF-8', cause)
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // What V8 says of it quotes the text, in which a key may stand.
    throw malformed('The body is not valid JSON', 'Send one JSON object', cause)
  }
}

/**
 * One walk, without recursion, over all that was sent: what no store can hold, what a recursive reader would fall over,
 * and the names by which a copy becomes a change of every object.
 */
function inspect(root: unknown): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value === 'string') checkText(value)
    if (typeof value !== 'object' || value === null) continue
    if (depth > deepest) throw malformed(`The body is deeper than ${deepest} levels`, 'Send a flatter body')
    if (!Array.isArray(value)) Object.keys(value).forEach(checkName)
    for (const member of Object.values(value)) open.push({ value: member, depth: depth + 1 })
  }
}

function checkName(name: string): void {
  checkText(name)
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
    throw malformed(`A member is named ${name}`, 'Name it otherwise')
  }
}

/** Throws for what PostgreSQL cannot store as text and what has no form in UTF-8. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw malformed('A text holds the character U+0000', 'Leave it out')
  if (!text.isWellFormed()) throw malformed('A text holds half a surrogate pair', 'Send valid Unicode')
}

function malformed(sentence: string, fix: string, cause?: unknown): Fault {
  return new Fault('request.malformed', { public: sentence, fix, cause })
}
