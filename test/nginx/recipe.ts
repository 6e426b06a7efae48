import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { type FleetNode, repository, startNode } from '../faults/fleet-node.ts'
import { type NginxServer, startNginx } from '../servers/nginx.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { until } from '../servers/until.ts'
import { type Api, startApi } from './api.ts'
import { type Asked, type Reply, send } from './send.ts'

export const folder = join(repository, 'deploy/nginx')

/** nginx with the shipped example, a Gatehouse of its own process, and the API that both stand before. */
export interface Recipe {
  readonly nginx: NginxServer
  readonly gatehouse: FleetNode
  readonly api: Api
  readonly tenantId: string
  /** A request to nginx; `key` goes as `Authorization: Bearer`. */
  ask(path: string, asked?: Asked & { readonly key?: string }): Promise<Reply>
  admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  newKey(members?: Record<string, unknown>): Promise<{ readonly id: string; readonly key: string }>
  stop(): Promise<void>
}

export interface RecipeOptions {
  /** Settings of Gatehouse. */
  readonly env?: Readonly<Record<string, string>>
  /** What is changed in the example, and what stands before it inside `http { }`. */
  readonly change?: (example: string) => string
  /** The port that nginx takes for Gatehouse's; that of the node by default. */
  readonly gatehousePort?: (nodePort: number) => number
}

export async function startRecipe({ env = {}, change, gatehousePort }: RecipeOptions = {}): Promise<Recipe> {
  const adminKey = `test-admin-${randomBytes(16).toString('hex')}`
  const database = `sqlite:${join(scratchDirectory('gatehouse'), 'gatehouse.db')}`
  const own = { DATABASE_URL: database, GATEHOUSE_ADMIN_KEY: adminKey, LOG_LEVEL: 'info', ...env }
  const [gatehouse, api] = await Promise.all([
    startNode({ srcDir: join(repository, 'src'), env: own, links: {} }),
    startApi(),
  ])
  const checks = gatehousePort?.(gatehouse.port) ?? gatehouse.port
  const nginx = await startSite({ gatehouse: checks, api: api.port }, change)

  async function admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await request(`${gatehouse.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }

  const tenant = await admin('POST', '/tenants', { name: 'acme' })
  const tenantId = String(tenant.id)
  return {
    nginx,
    gatehouse,
    api,
    tenantId,
    admin,
    ask: (path, { key, headers = [], ...asked } = {}) =>
      send(nginx.port, path, { ...asked, headers: key ? ['Authorization', `Bearer ${key}`, ...headers] : headers }),
    async newKey(members = {}) {
      const { id, key } = await admin('POST', '/keys', { kind: 'service', tenantId, name: 'test', ...members })
      return { id: String(id), key: String(key) }
    },
    async stop() {
      await Promise.all([nginx.stop(), gatehouse.stop(), api.stop()])
    },
  }
}

/** nginx with the example, its paths and addresses filled in. */
export async function startSite(
  ports: { readonly gatehouse: number; readonly api: number },
  change: (example: string) => string = (example) => example,
): Promise<NginxServer> {
  const { example, files } = filled(ports)
  const nginx = await startNginx(change(example), { files })
  await until('nginx serves', async () => (await send(nginx.port, '/_gatehouse')).status === 404)
  return nginx
}

/** The files of the recipe as a user would fill them. */
export function filled({ gatehouse, api }: { readonly gatehouse: number; readonly api: number }) {
  const files: Record<string, string> = {}
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.conf')) continue
    files[name] = readFileSync(join(folder, name), 'utf8').replaceAll('/etc/nginx/gatehouse', '{{dir}}/gatehouse')
  }
  const { 'example.conf': shipped = '', ...included } = files
  const example = shipped
    .replace('listen 80;', 'listen 127.0.0.1:{{port}};')
    .replace('127.0.0.1:8700', `127.0.0.1:${gatehouse}`)
    .replace('127.0.0.1:3000', `127.0.0.1:${api}`)
  const placed = Object.entries(included).map(([name, text]) => [`gatehouse/${name}`, text])
  return { example, files: Object.fromEntries(placed) as Readonly<Record<string, string>> }
}
