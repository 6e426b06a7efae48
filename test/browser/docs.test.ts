import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Serving, serve } from '../cli/gatehouse.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { openChromium, openPage } from './browser.ts'
import { brokenAnchors, headingLevels, overflowOf, schemes, widths, worstContrast } from './look.ts'

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly anyOf?: readonly Schema[]
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>>
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

let browser: Browser
let serving: Serving
let description: Description
let address: string

beforeAll(async () => {
  browser = await openChromium()
  serving = await serve([], { cwd: scratchDirectory('docs') })
  address = `${serving.url}/docs`
  description = (await (await fetch(`${serving.url}/openapi.json`)).json()) as Description
})
afterAll(async () => {
  await browser.close()
  await serving.stop()
})

/** The text under each heading of an operation, by that heading: `POST /api/v1/keys`. */
function sections(page: Page): Promise<Readonly<Record<string, string>>> {
  return page.evaluate(`Object.fromEntries([...document.querySelectorAll('h3')].map((heading) => {
    let text = ''
    for (let next = heading.nextElementSibling; next && !/^H[23]$/.test(next.tagName); next = next.nextElementSibling) {
      text += next.textContent + '\\n'
    }
    return [heading.textContent.trim().replace(/\\s+/g, ' '), text]
  }))`)
}

const bodyMembers = (content: Readonly<Record<string, { readonly schema: Schema }>> = {}) =>
  Object.values(content).flatMap(({ schema }) =>
    [schema, ...(schema.anyOf ?? [])].flatMap((each) => Object.keys(each.properties ?? {})),
  )

test('every operation is there, with its parameters, bodies and answers, without a script', async () => {
  const { page } = await openPage(browser, { javaScriptEnabled: false })
  await page.goto(address)
  const shown = await sections(page)
  const expected = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]) => ({
        name: `${path === '/authz' ? 'ANY' : method.toUpperCase()} ${path}`,
        operation,
      })),
  )
  expect(Object.keys(shown).sort()).toEqual([...new Set(expected.map(({ name }) => name))].sort())
  for (const { name, operation } of expected) {
    const answers = Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      'application/problem+json' in content ? [status] : [status, ...bodyMembers(content)],
    )
    const parameters = (operation.parameters ?? []).map((each) => each.name)
    for (const word of [operation.summary, ...parameters, ...bodyMembers(operation.requestBody?.content), ...answers]) {
      expect(shown[name], `${name} tells of ${word}`).toContain(word)
    }
  }
})

test('nothing is asked for but the page, and the console stays empty', async () => {
  const { page, requests, complaints } = await openPage(browser)
  await page.goto(address, { waitUntil: 'networkidle' })
  expect([requests, complaints]).toEqual([[address], []])
})

test('every link within the page leads somewhere, also when the server is gone', async () => {
  const { page, complaints } = await openPage(browser)
  await page.goto(address)
  expect(await brokenAnchors(page)).toEqual([])
  await page.context().setOffline(true)
  await page.getByRole('navigation').getByRole('link', { name: 'keys' }).press('Enter')
  await page.getByRole('link', { name: 'Revoke a key', exact: true }).press('Enter')
  expect(page.url()).toBe(`${address}#post-api-v1-keys-id-revoke`)
  expect(await page.evaluate('document.querySelector(":target").getBoundingClientRect().top')).toBeLessThan(300)
  const answer = page.locator(':target ~ details').first()
  await answer.locator('summary').press('Enter')
  expect(await answer.getByText('refusedEverywhereBy').first().isVisible()).toBe(true)
  expect(complaints).toEqual([])
})

test('what somebody would smuggle into the page does not run and is not loaded', async () => {
  let asked = 0
  const elsewhere = createServer((_request, response) => response.end(String(++asked))).listen(0, '127.0.0.1')
  onTestFinished(() => void elsewhere.close())
  await once(elsewhere, 'listening')
  const { port } = elsewhere.address() as AddressInfo
  const { page, complaints } = await openPage(browser)
  await page.goto(address)
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend',
    '<img src="http://127.0.0.1:${port}/a.png" onerror="window.ran = 1"><p style="color:red">')`)
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))`,
  )
  const refusedBy = () => complaints.flatMap((each) => /Policy directive:? ["']([\w-]+)/.exec(each)?.[1] ?? [])
  await expect.poll(() => [...new Set(refusedBy())].sort()).toEqual(['default-src', 'img-src', 'style-src'])
  expect(await page.evaluate('window.ran')).toBeUndefined()
  expect(asked).toBe(0)
})

test('headings go down one level at a time', async () => {
  const { page } = await openPage(browser)
  await page.goto(address)
  const levels = await headingLevels(page)
  expect(levels.filter((level) => level === 1)).toHaveLength(1)
  expect(levels.every((level, at) => level <= (levels[at - 1] ?? 0) + 1)).toBe(true)
})

test.each(widths)('at a width of %i px nothing is cut off', async (width) => {
  const { page } = await openPage(browser, { viewport: { width, height: 700 } })
  await page.goto(address)
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true')
  expect(await overflowOf(page)).toBe(0)
})

test.each(schemes)('every text can be read in %s colours', async (colorScheme) => {
  const { page } = await openPage(browser, { colorScheme })
  await page.goto(address)
  expect(await worstContrast(page)).toMatchObject({ ratio: expect.toSatisfy((ratio: number) => ratio >= 4.5) })
})
