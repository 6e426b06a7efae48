import type { Page } from 'playwright-core'

/** What the page would show with these settings of its reader; widths in CSS pixels. */
export const widths = [360, 1280] as const
export const schemes = ['light', 'dark'] as const

/** Evaluated as text: these run in the page, where the types of Node mean nothing. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

/** Levels of the headings, in order. */
export function headingLevels(page: Page): Promise<readonly number[]> {
  return page.evaluate('[...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((one) => Number(one.tagName[1]))')
}

/** Addresses within the page that lead nowhere, and ids that stand twice. */
export function brokenAnchors(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
    const doubled = ids.filter((id, at) => ids.indexOf(id) !== at)
    const targets = [...document.querySelectorAll('a[href^="#"]')].map((one) => one.getAttribute('href').slice(1))
    return [...doubled, ...targets.filter((id) => !ids.includes(id))]
  })()`)
}

/** The worst contrast of a text with the page, by the formula of WCAG 2; texts need 4.5. */
export function worstContrast(page: Page): Promise<{ readonly ratio: number; readonly of: string }> {
  return page.evaluate(`(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')
    const seen = (...colours) => {
      for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1) }
      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
    }
    const luminance = (rgb) => rgb
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0)
    const paper = matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff'
    const layersOf = (one) => (one ? [...layersOf(one.parentElement), getComputedStyle(one).backgroundColor] : [paper])
    const texts = [...document.body.querySelectorAll('*')].filter((one) =>
      [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
    return texts
      .map((one) => {
        const layers = layersOf(one)
        const [a, b] = [luminance(seen(...layers)), luminance(seen(...layers, getComputedStyle(one).color))]
        return { ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), of: one.className + ' ' + one.textContent.slice(0, 40) }
      })
      .reduce((worst, each) => (each.ratio < worst.ratio ? each : worst))
  })()`)
}

/** Presses Tab as long as something new gets the focus, and says what it was. */
export async function tabbedThrough(page: Page): Promise<readonly string[]> {
  const focused: string[] = []
  for (;;) {
    await page.keyboard.press('Tab')
    const name: string = await page.evaluate(
      '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent).trim()',
    )
    const isBody = await page.evaluate('document.activeElement === document.body')
    if (isBody || (focused.length > 0 && name === focused[0])) return focused
    focused.push(name)
  }
}
