// The page of the HTTP API, from the OpenAPI document that a server answers.
import { capital, table, written } from './docs-tables.mjs'

export function httpPage({ info, tags, paths }) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]) => ({ ...operation, path, method })),
  )
  const groups = tags.map(({ name, description }) => {
    const mine = operations.filter((operation) => operation.tags?.includes(name))
    return `## ${capital(name)}\n\n${description}\n\n${mine.map(section).join('\n\n')}`
  })
  return `${written}

# HTTP API

${info.description} A running server shows the same at \`/docs\`, and as OpenAPI 3.1 at \`/openapi.json\`.
Codes stand in [errors](errors.md).

${groups.join('\n\n')}
`
}

function section({ path, method, summary, description, security, parameters = [], requestBody, responses }) {
  const who = security?.some((each) => 'adminKey' in each) ? 'an admin key' : security ? 'any key' : 'no credential'
  const parts = [
    `### ${method.toUpperCase()} ${path}`,
    `${summary}. Takes ${who}.${description ? ` ${description}` : ''}`,
  ]
  if (parameters.length > 0) {
    const rows = parameters.map((each) => [
      `\`${each.name}\``,
      each.in,
      typeOf(each.schema),
      each.description ?? each.schema?.description ?? '',
    ])
    parts.push(table(['parameter', 'in', 'type', 'meaning'], rows))
  }
  const body = Object.entries(requestBody?.content ?? {})[0]
  if (body) parts.push(...shapes(body[1].schema).map((shape) => `Body:\n\n${members(shape)}`), ...example(body[1]))
  parts.push(`Answers: ${Object.keys(responses).join(', ')}.`)
  const answer = Object.entries(responses).find(([status]) => status.startsWith('2'))
  const content = Object.values(answer?.[1].content ?? {})[0]?.schema
  if (content)
    parts.push(
      ...shapes(content)
        .filter((shape) => shape.properties)
        .map((shape) => `Body of ${answer[0]}:\n\n${members(shape)}`),
    )
  return parts.join('\n\n')
}

/** The forms that a body may have. */
function shapes(schema) {
  if (schema.then && schema.else) return [schema.else, schema.then]
  return schema.anyOf?.filter(({ properties }) => properties) ?? [schema]
}

function members({ properties = {}, required = [] }) {
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\`${required.includes(name) ? '' : ' (optional)'}`,
    typeOf(schema),
    schema.description ?? '',
  ])
  return rows.length === 0 ? 'An object without members.' : table(['member', 'type', 'meaning'], rows)
}

function example({ example: given, schema }) {
  const shown = given ?? schema?.examples?.[0]
  return shown === undefined ? [] : [`\`\`\`json\n${JSON.stringify(shown, null, 2)}\n\`\`\``]
}

function typeOf(schema = {}) {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`
  return schema.format ? `${schema.type} (${schema.format})` : String(schema.type ?? 'any')
}
