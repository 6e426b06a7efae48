import { type VerdictCode, verdictStatus } from '../domain/verdict.ts'
import { refusals } from '../gateway/problem.ts'
import { textAnswer } from './answers.ts'
import type { App } from './app.ts'
import { type Html, html, sendPage } from './page.ts'
import { Problem } from './schemas.ts'

/** The API reference as one page, printed from the description that machines read. */
export function addDocs(app: App): void {
  let page: Html | undefined
  app.get(
    '/docs',
    {
      schema: {
        tags: ['operations'],
        summary: 'The API reference',
        response: { 200: textAnswer('text/html', 'A page.') },
      },
    },
    async (_request, reply) => {
      page ??= reference(app.swagger() as unknown as Description)
      return sendPage(reply, 'Gatehouse: API reference', page)
    },
  )
}

interface Schema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly then?: Schema
  readonly else?: Schema
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
  readonly examples?: readonly unknown[]
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses?: Readonly<Record<string, Answer>>
}

interface Answer {
  readonly description?: string
  readonly content?: Content
}

interface Description {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

function reference({ info, tags = [], paths = {} }: Description): Html {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      // The check takes any method and is described once.
      .filter(([method], i) => method !== 'head' && (path !== '/authz' || i === 0))
      .map(([method, operation]) => ({ path, method, operation })),
  )
  const sections = tags.map(({ name, description = '' }) => {
    const mine = operations.filter(({ operation }) => operation.tags?.includes(name))
    return html`<h2 id="${name}">${name}</h2><p>${prose(description)}</p>
<ul class="index">${mine.map((each) => html`<li><a href="#${anchorOf(each)}">${titleOf(each)}</a></li>`)}</ul>
${mine.map(section)}`
  })
  return html`<header><h1>${info.title} ${info.version}: API reference</h1><p>${prose(info.description ?? '')}</p>
<nav aria-label="Sections">${tags.map(({ name }) => html`<a href="#${name}">${name}</a>`)}
<a href="#refusals">refusals</a><a href="/openapi.json">openapi.json</a><a href="/">this node</a></nav></header>
<main>${sections}<h2 id="refusals">Refusals</h2>
<p>The body of every refusal is <code>application/problem+json</code>:</p>${membersOf(Problem as Schema)}${codes()}</main>`
}

interface Place {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

const methodOf = ({ path, method }: Place) => (path === '/authz' ? 'ANY' : method.toUpperCase())
const anchorOf = ({ path, method }: Place) => (method + path).replaceAll(/[^\w.]+/g, '-').replace(/-$/, '')
const titleOf = (place: Place) => place.operation.summary ?? `${methodOf(place)} ${place.path}`

function section(place: Place): Html {
  const { path, operation } = place
  const { summary = '', description, security, parameters = [], requestBody, responses = {} } = operation
  const key = security?.some((each) => 'adminKey' in each) ? 'admin key' : security ? 'any key' : 'no credential'
  const id = anchorOf(place)
  return html`<h3 id="${id}"><a href="#${id}"><span class="method">${methodOf(place)}</span> <code>${path}</code></a></h3>
<p>${summary} <span class="soft">(${key})</span>${description === undefined ? '' : html`<br>${prose(description)}`}</p>
${parameters.length === 0 ? '' : table(parameters.map((each) => member(`${each.name} (${each.in})`, { ...each.schema, ...described(each) }, each.required === true)))}
${bodyOf(requestBody?.content, 'Body')}
${Object.entries(responses).map(answerOf)}`
}

/** Every refusal has the same members; they are shown once, at the codes. */
function answerOf([status, { description = '', content }]: [string, Answer]): Html {
  const words = description === 'Default Response' ? '' : description
  if (content === undefined || 'application/problem+json' in content) {
    return html`<p class="soft">${status} ${prose(words)}</p>`
  }
  return html`<details><summary>${status} ${prose(words)}</summary>${bodyOf(content, '')}</details>`
}

function described({ description }: { readonly description?: string }): Schema {
  return description === undefined ? {} : { description }
}

function bodyOf(content: Content | undefined, title: string): Html {
  const [type, media] = Object.entries(content ?? {})[0] ?? []
  const schema = media?.schema
  if (type === undefined || schema === undefined) return html``
  const example = schema.examples?.[0]
  return html`<p>${title} <code>${type}</code></p>${shapes(schema).map(membersOf)}
${example === undefined ? '' : html`<pre>${JSON.stringify(example, null, 2)}</pre>`}`
}

/** The forms that a body may have. */
function shapes(schema: Schema): readonly Schema[] {
  if (schema.then && schema.else) return [schema.else, schema.then]
  return schema.anyOf?.filter((each) => each.properties) ?? [schema]
}

function membersOf(schema: Schema): Html {
  const rows = Object.entries(schema.properties ?? {}).map(([name, each]) =>
    member(name, each, schema.required?.includes(name) === true),
  )
  return html`${schema.title === undefined ? '' : html`<p>${schema.title}</p>`}${rows.length === 0 ? '' : table(rows)}`
}

function table(rows: readonly Html[]): Html {
  return html`<table>${rows}</table>`
}

function member(name: string, schema: Schema, required: boolean): Html {
  return html`<tr><th scope="row"><code>${name}</code>${required ? '' : html` <span class="soft">optional</span>`}</th>
<td><code>${typeOf(schema)}</code> ${prose(schema.description ?? '')} <span class="soft">${boundsOf(schema)}</span></td></tr>`
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(String).join(' | ')
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.type === 'array') return `${typeOf(schema.items ?? {})}[]`
  const inner = Object.keys(schema.properties ?? {})
  if (inner.length > 0) return `{ ${inner.join(', ')} }`
  return [schema.type ?? 'any'].flat().join(' | ')
}

function boundsOf({ minimum, maximum, maxItems, default: usual }: Schema): string {
  const words = [
    minimum === undefined ? '' : `from ${minimum}`,
    maximum === undefined ? '' : `to ${maximum}`,
    maxItems === undefined ? '' : `at most ${maxItems}`,
    usual === undefined ? '' : `default ${JSON.stringify(usual)}`,
  ]
  return words.filter(Boolean).join(', ')
}

function codes(): Html {
  const rows = Object.entries(refusals).map(
    ([code, { detail, fix }]) =>
      html`<tr><th scope="row"><code>${code}</code> ${verdictStatus[code as VerdictCode]}</th><td>${detail} <span class="soft">${fix}.</span></td></tr>`,
  )
  return table(rows)
}

/** Only what stands between back-ticks is set apart. */
function prose(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`
}
