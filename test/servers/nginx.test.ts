import { afterEach, expect, test } from 'vitest'
import { type NginxServer, startNginx } from './nginx.ts'
import { isRunning, processTree } from './process-tree.ts'

const servers: NginxServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function started(starting: Promise<NginxServer>): Promise<NginxServer> {
  const server = await starting
  servers.push(server)
  return server
}

test('a server block is served, and no process is left after the stop', async () => {
  const nginx = await started(startNginx('server { listen 127.0.0.1:{{port}}; return 418 "teapot"; }'))
  const answer = await fetch(nginx.url)
  expect([answer.status, await answer.text()]).toEqual([418, 'teapot'])
  const tree = processTree(nginx.pid)
  await nginx.stop()
  expect(tree.filter(isRunning)).toEqual([])
})

test('a whole configuration with an included file is served, large bodies too', async () => {
  const nginx = await started(
    startNginx(
      `events { worker_connections 64; }
       http {
         client_max_body_size 8m;
         include {{dir}}/conf.d/*.conf;
       }`,
      {
        files: {
          'conf.d/site.conf': `server { listen 127.0.0.1:{{port}}; location /back { return 204; }
            location / { proxy_pass http://127.0.0.1:{{port}}/back; } }`,
        },
      },
    ),
  )
  const answer = await fetch(nginx.url, { method: 'POST', body: 'x'.repeat(2_000_000) })
  expect(answer.status).toBe(204)
})

test('a configuration that nginx refuses is an error with its reason', async () => {
  await expect(startNginx('server { listen 127.0.0.1:{{port}}; no_such_directive on; }')).rejects.toThrow(
    /unknown directive "no_such_directive"/,
  )
})

test('the error log can be read', async () => {
  const nginx = await started(
    startNginx('server { listen 127.0.0.1:{{port}}; location / { proxy_pass http://127.0.0.1:9; } }'),
  )
  expect((await fetch(nginx.url)).status).toBe(502)
  expect(nginx.errorLog()).toMatch(/connect\(\) failed/)
})
