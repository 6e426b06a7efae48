import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findBinary } from '../servers/find-binary.ts'
import { freePort } from '../servers/free-port.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { valuesOf } from './api.ts'
import { filled, folder, type Recipe, type RecipeOptions, startRecipe } from './recipe.ts'

const toStop: Recipe[] = []

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((recipe) => recipe.stop()))
})

async function started(options: RecipeOptions = {}): Promise<Recipe> {
  const recipe = await startRecipe(options)
  toStop.push(recipe)
  return recipe
}

/** The example with more in its `server { }`. */
const withMore = (more: string) => (example: string) => example.replace(/(gatehouse-server\.conf;)/, `$1\n${more}`)

test('nginx -t takes the files as they are shipped, without a warning', async () => {
  const dir = scratchDirectory('nginx-t')
  const port = await freePort()
  const fill = (text: string) => text.replaceAll('{{dir}}', dir).replaceAll('{{port}}', String(port))
  const { example, files } = filled({ gatehouse: 8700, api: 3000 })
  mkdirSync(join(dir, 'gatehouse'))
  chmodSync(dir, 0o777)
  for (const [name, text] of Object.entries({ ...files, 'example.conf': example }))
    writeFileSync(join(dir, name), fill(text))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  )
  const whole = `events { }\nhttp { access_log off; ${temporary.join(' ')} include mime.types; include ${dir}/example.conf; }`
  writeFileSync(join(dir, 'nginx.conf'), whole)
  writeFileSync(join(dir, 'mime.types'), 'types { text/html html; application/json json; }')
  const args = ['-t', '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', 'stderr', '-g', `pid ${dir}/nginx.pid;`]
  const binary = await findBinary('nginx')
  const said = await new Promise<string>((resolve) =>
    execFile(binary, args, (_error, _stdout, stderr) => resolve(stderr)),
  )
  expect(said).toContain('test is successful')
  expect(said).not.toMatch(/warn|error/)
})

test('a location that somebody adds later is guarded and strips what is forged', async () => {
  const recipe = await started({ change: withMore('location /later/ { proxy_pass http://your_api/later/; }') })
  const { id, key } = await recipe.newKey()
  expect((await recipe.ask('/later/')).status).toBe(401)
  const forged = ['X-Gatehouse-App-Id', 'forged', 'X_Gatehouse_Key_Id', 'forged']
  expect((await recipe.ask('/later/', { key, headers: forged })).status).toBe(200)
  const seen = recipe.api.seen.at(-1)?.headers ?? []
  expect(valuesOf(seen, 'X-Gatehouse-Key-Id')).toEqual([id])
  expect(JSON.stringify(seen)).not.toContain('forged')
})

test('a location with error pages of its own includes the refusals, or turns some into 500', async () => {
  const own = 'error_page 502 /sorry; proxy_pass http://your_api/;'
  const recipe = await started({
    change: withMore(`
      location /with/ { include {{dir}}/gatehouse/gatehouse-refusals.conf; ${own} }
      location /without/ { ${own} }`),
  })
  const { key } = await recipe.newKey()
  const doubled = ['Authorization', `Bearer ${key}, Bearer ${key}`]
  expect((await recipe.ask('/with/', { headers: doubled })).json.code).toBe('request.two-credentials')
  expect((await recipe.ask('/without/', { headers: doubled })).status).toBe(500)
  expect((await recipe.ask('/without/')).status).toBe(401)
  expect(recipe.api.seen).toHaveLength(0)
})

test('what nginx itself refuses or fails at keeps its own status', async () => {
  const recipe = await started({
    change: withMore(`
      location /closed/ { deny all; proxy_pass http://your_api/; }
      location /broken/ { proxy_pass http://your_api/; client_body_in_file_only on; client_body_temp_path {{dir}}/gone; }
      location = /version { return 200 "1"; }`),
  })
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/closed/', { key })).status).toBe(403)
  rmSync(join(recipe.nginx.dir, 'gone'), { recursive: true })
  const broken = await recipe.ask('/broken/', { key, method: 'POST', body: 'x' })
  expect(broken.status).toBe(500)
  expect(broken.text).not.toContain('UNAVAILABLE')
  // `return` acts before the check.
  expect([(await recipe.ask('/version')).status, recipe.api.seen.length]).toEqual([200, 0])
})

test('a dead API is a 502, not a refusal', async () => {
  const port = await freePort()
  const recipe = await started({
    change: (example) => example.replace(/(upstream your_api \{\s+server 127\.0\.0\.1):\d+/, `$1:${port}`),
  })
  const { key } = await recipe.newKey()
  expect((await recipe.ask('/', { key })).status).toBe(502)
})

const page = readFileSync(join(folder, 'README.md'), 'utf8')
const blocks = [...page.matchAll(/```nginx\n([\s\S]*?)```/g)].map(([, text = '']) =>
  text.replaceAll('/etc/nginx/gatehouse', '{{dir}}/gatehouse'),
)

function blockWith(word: string): string {
  const found = blocks.filter((block) => block.includes(word))
  if (found.length !== 1) throw new Error(`${found.length} examples of the guide hold ${word}`)
  return found[0] ?? ''
}

test('the guide and the example ask for scopes in the same words', () => {
  expect(filled({ gatehouse: 1, api: 1 }).example.replaceAll(/^ {4}/gm, '')).toContain(blockWith('set $gatehouse_ask'))
})

test('the guide: behind a balancer the address is the one that the balancer saw', async () => {
  const balancer = blockWith('set_real_ip_from').replace('10.0.0.0/8', '127.0.0.0/8')
  const recipe = await started({ change: withMore(balancer) })
  const { key } = await recipe.newKey({ allowedCidrs: ['203.0.113.7'] })
  const asked = (hops: string) => recipe.ask('/', { key, headers: ['X-Forwarded-For', hops] })
  expect((await asked('203.0.113.7')).status).toBe(200)
  expect(valuesOf(recipe.api.seen.at(-1)?.headers ?? [], 'X-Forwarded-For')).toEqual(['203.0.113.7'])
  expect((await asked('203.0.113.7, 198.51.100.1')).json.code).toBe('IP_NOT_ALLOWED')
})

test('the guide: an nginx that Gatehouse does not trust cannot say who calls', async () => {
  const balancer = blockWith('set_real_ip_from').replace('10.0.0.0/8', '127.0.0.0/8')
  const recipe = await started({ change: withMore(balancer), env: { GATEHOUSE_TRUSTED_PROXIES: '192.0.2.1' } })
  const { key } = await recipe.newKey({ allowedCidrs: ['203.0.113.7'] })
  const reply = await recipe.ask('/', { key, headers: ['X-Forwarded-For', '203.0.113.7'] })
  expect([reply.status, reply.json.code]).toEqual([403, 'IP_NOT_ALLOWED'])
})

test('the guide: a preflight is answered without a key, and a browser may read refusals', async () => {
  const usual = await started()
  expect((await usual.ask('/', { method: 'OPTIONS' })).status).toBe(401)
  const recipe = await started({
    change: (example) => example.replace(/location \/ \{[\s\S]*?\n {4}\}/, blockWith('Access-Control-Allow-Methods')),
  })
  const { key } = await recipe.newKey()
  const origin = ['Origin', 'https://app.example.com']
  const preflight = await recipe.ask('/', {
    method: 'OPTIONS',
    headers: [...origin, 'Access-Control-Request-Method', 'PUT'],
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers['access-control-allow-headers']).toBe('Authorization, Content-Type')
  const refused = await recipe.ask('/', { method: 'PUT', headers: origin })
  expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, 'https://app.example.com'])
  expect(refused.headers['www-authenticate']).toBe('Bearer realm="gatehouse"')
  const passed = await recipe.ask('/', { method: 'PUT', headers: origin, key })
  expect([passed.status, passed.json.method]).toEqual([200, 'PUT'])
  expect((await recipe.ask('/admin/x', { method: 'OPTIONS' })).status).toBe(401)
})
