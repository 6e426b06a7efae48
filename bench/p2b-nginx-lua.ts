import { existsSync } from 'node:fs'
import { startNginx } from '../test/servers/nginx.ts'
import { scratchDirectory } from '../test/servers/scratch.ts'
import { pin, pinningNote, serverCore } from './cores.ts'
import { acceptedHeaders, connections, loadOf } from './p2-authz.ts'
import { measurePairs } from './pairs.ts'
import type { Row } from './row.ts'
import { median } from './samples.ts'
import { demoKeyOf, serveGatehouse } from './served.ts'
import { rate, ratioWithSpread } from './words.ts'

const modules = ['ndk_http_module.so', 'ngx_http_lua_module.so']
const places = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/opt/homebrew/lib/nginx/modules']

export const nginxLua: Row = {
  id: 'P2b',
  what: 'the same',
  against: 'nginx + Lua key-auth from a shared dictionary',
  target: 'reported',
  place: 'load core',
  async measure({ quick }) {
    const gatehouse = await serveGatehouse(scratchDirectory('p2b'))
    const key = demoKeyOf(gatehouse)
    const nginx = await startNginx(configuration(key, await acceptedHeaders(gatehouse, key)))
    try {
      pin(nginx.pid, serverCore)
      const seconds = quick ? 1 : 3
      const [ours, theirs] = [loadOf(gatehouse, key, seconds), loadOf(nginx, key, seconds)]
      await measurePairs(ours, theirs, 1)
      const pairs = await measurePairs(ours, theirs, quick ? 3 : 9)
      return {
        outcome: 'reported',
        said:
          `${ratioWithSpread(pairs.ratio, pairs.ratioSpread)}: ${rate(median(pairs.subject))} against ` +
          rate(median(pairs.baseline)),
        figures: {
          ratio: pairs.ratio,
          checksPerSecond: median(pairs.subject),
          nginxPerSecond: median(pairs.baseline),
        },
        plots: [
          {
            kind: 'strips',
            title: `${connections} connections, one core each`,
            unit: 'per second',
            series: [
              { name: 'Gatehouse', values: pairs.subject },
              { name: 'nginx + Lua', values: pairs.baseline },
            ],
          },
        ],
        notes: [
          'One nginx worker looks the clear key up in `lua_shared_dict` and answers the same headers: no digest, no lease, no ' +
            'revocation, no scopes.',
          pinningNote,
        ],
      }
    } finally {
      await Promise.all([gatehouse.stop(), nginx.stop()])
    }
  },
}

/** What stands in tutorials: a dictionary of clear keys, filled at start. */
function configuration(key: string, headers: readonly string[]): string {
  const place = places.find((path) => modules.every((module) => existsSync(`${path}/${module}`)))
  if (!place) {
    throw new Error('nginx has no Lua here: install libnginx-mod-http-lua (Debian, Ubuntu) and run P2b again')
  }
  const set = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'content-length')
      set.push(`ngx.header[${JSON.stringify(headers[i])}] = ${JSON.stringify(headers[i + 1])}`)
  }
  return `${modules.map((module) => `load_module ${place}/${module};`).join('\n')}
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  lua_shared_dict keys 10m;
  init_by_lua_block { ngx.shared.keys:set(${JSON.stringify(key)}, 'app') }
  server {
    listen 127.0.0.1:{{port}};
    location = /authz {
      content_by_lua_block {
        local header = ngx.var.http_authorization
        local scope = header and ngx.shared.keys:get(string.sub(header, 8))
        if scope ~= ngx.var.arg_scope then return ngx.exit(401) end
        ${set.join('\n        ')}
        ngx.header['content-length'] = 0
        return ngx.exit(200)
      }
    }
  }
}
`
}
