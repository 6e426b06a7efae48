// The pages of the reference that are one table each.
import { verdictStatus } from '../src/domain/verdict.ts'
import { degradation, graceMs } from '../src/gateway/degradation.ts'
import { refusals } from '../src/gateway/problem.ts'
import { formatDuration } from '../src/kernel/duration.ts'
import { faults } from '../src/kernel/fault.ts'
import { createMetrics, metricTable } from '../src/runtime-metrics.ts'
import { settingNames, settingOf } from '../src/settings-table.ts'
import { keyPattern } from '../src/tokens/key-format.ts'

export const written = '<!-- Written by `npm run docs` from the code: change the code, not this page. -->'

/** `a | b` inside a cell would end it, and `<key>` outside of code would be HTML. */
const cell = (text) =>
  String(text)
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ')
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('')

export function table(titles, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`
  return [line(titles), `|${titles.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

export function settingsPage() {
  const rows = settingNames.map((name) => {
    const { env, flag, kind, default: fallback, defaultShown, doc } = settingOf(name)
    return [
      `\`${name}\``,
      `\`${env}\``,
      flag ? `\`${flag}\`` : '–',
      `${doc}. ${capital(kind.allowed)}`,
      defaultShown ?? `\`${fallback}\``,
    ]
  })
  const postureRows = Object.entries(degradation).map(([failure, answers]) => [failure, ...Object.values(answers)])
  const graceRow = ['grace', ...Object.values(graceMs).map(formatDuration)]
  return `${written}

# Settings

A flag comes before the environment, the environment before the file, the file before the default. The file is
\`gatehouse.yaml\`, \`gatehouse.yml\` or \`gatehouse.json\` in the working directory, or the one that \`--config\` or
\`GATEHOUSE_CONFIG\` names; its members are the names in the first column, which are also the members of
\`createGatehouse({ … })\`.

- \`X_FILE\` reads the variable X from a file, for secrets that are mounted.
- Durations are written \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`1d\`. A program may also give milliseconds as a number.
- An empty variable counts as not given. A \`GATEHOUSE_…\` variable or a member of the file that is not known is refused.
- Secrets have no flag: every user of a machine can read the arguments of its processes.
- \`gatehouse serve --check-config\` prints the configuration without its secrets, and where each setting came from.

${table(['name', 'environment', 'flag', 'meaning', 'default'], rows)}

The commands also read \`GATEHOUSE_URL\` and \`GATEHOUSE_ADMIN_KEY\`: see [commands](cli.md).

## Postures

What the check answers while a part is away. \`serve-known\`: keys that this node last saw valid, for the grace, marked as
degraded. Unknown keys never pass, revoked ones neither.

${table(['away', 'strict', 'balanced', 'available'], [...postureRows, graceRow])}
`
}

export function errorsPage() {
  const verdicts = Object.entries(verdictStatus).map(([code, status]) => {
    const { detail = 'The key may do this.', fix = '–' } = refusals[code] ?? {}
    return [`\`${code}\``, status, detail, fix]
  })
  return `${written}

# Errors

Bodies are \`application/problem+json\` (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`, \`instance\` (the request id,
as in the log), \`code\` and, where there is one, \`fix\`. Programs should look at \`status\` and \`code\`.

## What a check says

The status is that of \`/authz\` and of the middlewares. \`POST /api/v1/keys/verify\` answers 200 and says the code in its body.

${table(['code', 'status', 'meaning', 'fix'], verdicts)}

A 503 means that Gatehouse could not decide: it says nothing of the key, and \`Retry-After\` says when to ask again.

## What else may go wrong

${table(
  ['code', 'status', 'title'],
  Object.entries(faults).map(([code, { status, title }]) => [`\`${code}\``, status, title]),
)}
`
}

export async function metricsPage() {
  const { registry } = createMetrics(
    () => undefined,
    () => true,
  )
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, type]))
  const rows = Object.entries(metricTable).map(([name, { help, labels }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ')
    return [`\`${name}\``, types.get(name) ?? '–', shown || '–', help]
  })
  return `${written}

# Metrics

\`GET /metrics\` answers in the text form of Prometheus, with an admin key, or to loopback peers with
\`GATEHOUSE_OPEN_METRICS\`. Labels never hold keys, users or tenants. The usual figures of a Node process stand beside these.

${table(['name', 'type', 'labels', 'meaning'], rows)}
`
}

export function keyFormatPage() {
  return `${written}

# The form of keys

\`<prefix>_<id><secret><tag><crc>\`, with 56 characters of base62 after the prefix.

${table(
  ['part', 'characters', 'what it is'],
  [
    [
      'prefix',
      '2 to 24, then the kind',
      '`gh`, or the own prefix of the tenant (`a-z 0-9 _`), then `_app`, `_ds`, `_svc` or `_admin`',
    ],
    ['id', 12, 'public: the name of the key in logs and lists'],
    ['secret', 32, '190 bits'],
    [
      'tag',
      6,
      'HMAC-SHA-256 over what precedes it, under a pepper of the deployment: forged keys die without a look-up',
    ],
    ['crc', 6, 'CRC-32 of all that precedes, for secret scanners'],
  ],
)}

## For secret scanners

\`\`\`
${keyPattern}
\`\`\`

RE2, PCRE and JavaScript read it alike. A match is a key if its last 6 characters are the CRC-32 of what stands before
them, in base62 with the digits \`0-9A-Za-z\` and zeros in front. Imported keys keep the form that they had.
`
}

export const capital = (text) => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`
