// Writes docs/reference from what the code says; `--check` only compares, and fails where a page is stale.
// Runs on the project's own Node, which imports TypeScript.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cliPage } from './docs-cli.mjs'
import { httpPage } from './docs-http.mjs'
import { errorsPage, keyFormatPage, metricsPage, settingsPage } from './docs-tables.mjs'
import { root } from './project.mjs'

const folder = join(root, 'docs', 'reference')

const pages = {
  'settings.md': settingsPage(),
  'cli.md': cliPage(),
  'http-api.md': httpPage(await openapi()),
  'errors.md': errorsPage(),
  'metrics.md': await metricsPage(),
  'key-format.md': keyFormatPage(),
}

if (process.argv.includes('--check')) {
  const stale = Object.keys(pages).filter((name) => present(name) !== pages[name])
  if (stale.length > 0) {
    console.error(
      `Not as the code says: ${stale.map((name) => `docs/reference/${name}`).join(', ')}. Run: npm run docs`,
    )
    process.exitCode = 1
  }
} else {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(folder, name), text)
  console.log(`Wrote ${Object.keys(pages).length} pages to docs/reference`)
}

function present(name) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => entry.name === name)
    ? readFileSync(join(folder, name), 'utf8')
    : undefined
}

/** As a server answers it: what is described is what is served. */
async function openapi() {
  const { createRuntime } = await import('../src/runtime.ts')
  const { loadSettings } = await import('../src/settings.ts')
  const cwd = mkdtempSync(join(tmpdir(), 'gatehouse-docs-'))
  const flags = { databaseUrl: `sqlite:${join(cwd, 'docs.db')}`, dataDir: cwd, port: '0', logLevel: 'silent' }
  const runtime = await createRuntime(loadSettings({ flags, env: {}, cwd }))
  try {
    const { url } = await runtime.listen()
    const answer = await fetch(`${url}/openapi.json`)
    return await answer.json()
  } finally {
    await runtime.close()
    rmSync(cwd, { recursive: true, force: true })
  }
}
