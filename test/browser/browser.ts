import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { findBinary } from '../servers/find-binary.ts'

/** Nothing that a browser does by itself: what it asks for is what the page asks for. */
const args = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
]

/** A real Chromium without a window, on an empty profile. It never outlives this process. */
export async function openChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: await findBinary('chromium'), headless: true, args })
}

export interface Watched {
  readonly page: Page
  /** Addresses that the page asked for, in order. */
  readonly requests: readonly string[]
  /** What the console said, refusals of the content policy included, and what was thrown. */
  readonly complaints: readonly string[]
}

/** A tab of its own, closed with the test. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, requests, complaints }
}
