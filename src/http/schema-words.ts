/** What the validator reports, as far as it is read here. */
interface Violation {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
}

type Words = (params: Violation['params'], member: string) => { readonly public: string; readonly fix: string }

/** Each rule that our schemas use, in words. The value that was sent is never repeated: it may be a key. */
const byKeyword: Readonly<Record<string, Words>> = {
  required: ({ missingProperty }, member) => ({
    public: `${join(member, missingProperty)} is missing`,
    fix: `Send ${join(member, missingProperty)}`,
  }),
  additionalProperties: ({ additionalProperty }, member) => ({
    public: `${join(member, clip(additionalProperty))} is not a member that is known here`,
    fix: 'Leave it out, or correct its spelling; /docs names the members',
  }),
  type: ({ type }, member) => ({ public: `${member} is of the wrong type`, fix: `Send ${article(type)}` }),
  enum: ({ allowedValues }, member) => ({
    public: `${member} has a value that is not allowed`,
    fix: `Use one of ${(allowedValues as readonly unknown[]).join(', ')}`,
  }),
  minimum: ({ limit }, member) => ({ public: `${member} is too small`, fix: `Send at least ${limit}` }),
  maximum: ({ limit }, member) => ({ public: `${member} is too large`, fix: `Send at most ${limit}` }),
  minLength: ({ limit }, member) => ({ public: `${member} is too short`, fix: `Send at least ${limit} characters` }),
  maxLength: ({ limit }, member) => ({ public: `${member} is too long`, fix: `Send at most ${limit} characters` }),
  minItems: ({ limit }, member) => ({ public: `${member} has too few entries`, fix: `Send at least ${limit}` }),
  maxItems: ({ limit }, member) => ({ public: `${member} has too many entries`, fix: `Send at most ${limit}` }),
  minProperties: (_, member) => ({ public: `${member} changes nothing`, fix: 'Send at least one member' }),
  format: (_, member) => ({ public: `${member} is not a time`, fix: 'Write it like 2030-01-31T12:00:00Z' }),
}

/** `context`: body, querystring, params. */
export function schemaWords(violations: readonly Violation[], context: string) {
  const violation = violations.find(({ keyword }) => keyword in byKeyword) ?? violations[0]
  const at = violation?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  const member = at === '' ? whole(context) : at
  const words = violation && byKeyword[violation.keyword]
  if (!words) return { public: `${member} is not valid`, fix: '/docs says what is allowed' }
  return words(violation.params, member)
}

function whole(context: string): string {
  return context === 'body' ? 'The body' : 'The query'
}

function join(member: string, name: unknown): string {
  return member.startsWith('The ') ? String(name) : `${member}.${String(name)}`
}

function clip(name: unknown): string {
  const text = String(name).replace(/[^\x20-\x7e]/g, '?')
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function article(type: unknown): string {
  const kinds = Array.isArray(type) ? type : String(type).split(',')
  return kinds.map((kind) => (/^[aeio]/.test(kind) ? `an ${kind}` : `a ${kind}`)).join(' or ')
}
