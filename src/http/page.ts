import { hash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const style = `
:root{color-scheme:light dark;--line:#8884;--tint:#8881;--soft:light-dark(#555,#b4b4b4);
--good:light-dark(#1a7f37,#57d072);--bad:light-dark(#c62828,#ff8a80)}
body{font:15px/1.55 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:2rem 1.25rem 4rem;overflow-wrap:break-word}
h1{font-size:1.7rem;margin:0 0 .25rem}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{margin:1.75rem 0 .25rem;font-size:1.05rem}code,pre{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
pre{background:var(--tint);padding:.75rem;overflow:auto;border-radius:6px}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600}th[scope=row]{width:14rem}th .soft{font-weight:400}
nav,.index{display:flex;flex-wrap:wrap;gap:.15rem 1rem}.index{list-style:none;margin:.5rem 0;padding:0}
.status{font-size:1.1rem}.good{color:var(--good)}.bad{color:var(--bad)}.soft{color:var(--soft)}
.method{display:inline-block;min-width:4.2rem;font-weight:700}h3 a{color:inherit;text-decoration:none}h3 a:hover{text-decoration:underline}
summary{cursor:pointer;margin:.3rem 0}:focus-visible{outline:2px solid;outline-offset:2px}
.wide{overflow-x:auto}.wide td,.wide th{white-space:nowrap}
@media(max-width:34rem){th[scope=row],th[scope=row]+td{display:block;width:auto}
th[scope=row]{border:0;padding-bottom:0}th[scope=row]+td{padding-top:0}}
`
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', style, 'base64')}'`,
  // For the empty icon, without which every browser asks for /favicon.ico.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A text that was made safe for HTML. */
export interface Html {
  readonly html: string
}

type Part = string | number | Html | readonly Html[]

/** Everything that is filled in is escaped, unless it was made by this. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, i) => text + filled(parts[i])).join('') }
}

function filled(part: Part | undefined): string {
  if (part === undefined) return ''
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part))
  return 'html' in part ? part.html : part.map((each) => each.html).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Works offline and without a script; nothing from elsewhere can be loaded into it. */
export function sendPage(reply: FastifyReply, title: string, body: Html): FastifyReply {
  const head = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">`
  reply
    .header('Content-Security-Policy', policy)
    .header('Referrer-Policy', 'no-referrer')
    .type('text/html; charset=utf-8')
  const named = `<title>${escaped(title)}</title><link rel="icon" href="data:,">`
  return reply.send(`${head}${named}<style>${style}</style><body>${body.html}</body></html>`)
}
