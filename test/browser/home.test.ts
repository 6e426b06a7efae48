import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Serving, serve } from '../cli/gatehouse.ts'
import { startPostgres } from '../servers/postgres.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { until } from '../servers/until.ts'
import { openChromium, openPage } from './browser.ts'
import { headingLevels, overflowOf, schemes, tabbedThrough, widths, worstContrast } from './look.ts'

let browser: Browser
let serving: Serving

beforeAll(async () => {
  browser = await openChromium()
  serving = await serve(['--demo'], { cwd: scratchDirectory('home') })
})
afterAll(async () => {
  await browser.close()
  await serving.stop()
})

test('the state of the node is told without a script, and nothing else is asked for', async () => {
  const { page, requests, complaints } = await openPage(browser, { javaScriptEnabled: false })
  // On a busy machine the lease may be over for the moment in which the page is asked for first.
  await until('the page says that this node checks keys', async () => {
    await page.goto(serving.url)
    return (await page.getByRole('banner').getByText('This node checks keys.').count()) === 1
  })
  expect(await page.title()).toMatch(/^Gatehouse node_\w+$/)
  expect(await page.locator('html').getAttribute('lang')).toBe('en')
  const main = page.getByRole('main')
  expect(await main.getByRole('row', { name: 'Storage (sqlite) up' }).count()).toBe(1)
  expect(await main.getByRole('row', { name: 'Lease live' }).count()).toBe(1)
  expect(await main.getByRole('row', { name: 'Posture balanced' }).count()).toBe(1)
  expect(await main.getByRole('region', { name: 'Nodes' }).getByText('(this)').count()).toBe(1)
  expect([[...new Set(requests)], complaints]).toEqual([[`${serving.url}/`], []])
})

test.each(widths)('at a width of %i px nothing is cut off', async (width) => {
  const { page } = await openPage(browser, { viewport: { width, height: 700 } })
  await page.goto(serving.url)
  expect(await overflowOf(page)).toBe(0)
})

test('headings go down one level at a time', async () => {
  const { page } = await openPage(browser)
  await page.goto(serving.url)
  expect(await headingLevels(page)).toEqual([1, 2, 2, 2, 2])
})

test('the keyboard reaches all that can be used, and its links lead on', async () => {
  const { page } = await openPage(browser)
  await page.goto(serving.url)
  expect(await tabbedThrough(page)).toEqual(['API reference', 'readiness', 'metrics', 'Nodes'])
  await page.getByRole('link', { name: 'API reference' }).press('Enter')
  await page.waitForURL(`${serving.url}/docs`)
  await page.getByRole('link', { name: 'this node', exact: true }).press('Enter')
  await page.waitForURL(`${serving.url}/`)
})

describe('with storage away', () => {
  test.each([
    ['strict', 'This node cannot check keys at present.', 'lapsed'],
    ['balanced', 'This node accepts only the keys that it knew already', 'lapsed, within its grace'],
  ])('under the posture %s the page says so', async (posture, status, lease) => {
    const postgres = await startPostgres()
    const env = {
      DATABASE_URL: await postgres.createDatabase(),
      GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GATEHOUSE_POSTURE: posture,
    }
    const alone = await serve([], { cwd: scratchDirectory('home'), env })
    postgres.pause()
    try {
      const { page, complaints } = await openPage(browser, { javaScriptEnabled: false })
      const away = page.getByRole('row', { name: 'Storage (postgres) away' })
      await until('the page knows that storage is away and the lease over', async () => {
        await page.goto(alone.url)
        return (await page.getByText(status).count()) === 1 && (await away.count()) === 1
      })
      expect(await page.getByRole('row', { name: `Lease ${lease}`, exact: true }).count()).toBe(1)
      expect(await page.getByText('Not known while storage is away.').count()).toBe(1)
      expect(complaints).toEqual([])
      await alone.stop('SIGKILL')
    } finally {
      postgres.resume()
      await postgres.stop()
    }
  })
})

test.each(schemes)('every text can be read in %s colours', async (colorScheme) => {
  const { page } = await openPage(browser, { colorScheme })
  await page.goto(serving.url)
  expect(await worstContrast(page)).toMatchObject({ ratio: expect.toSatisfy((ratio: number) => ratio >= 4.5) })
})
