import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { anyone, html, languageOf, Problem, sendPage, type Reply, type Request, type Texts } from '#kernel'
import Type from 'typebox'
import type { GatewayHost } from './host.ts'

/** As `npm ci` built it. */
const built = join(import.meta.dirname, '..', '..', 'console', 'dist')

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
}

/** Nothing from elsewhere; styles that the console puts in while it runs carry the page's nonce. */
const policyOf = (nonce: string): string =>
  [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data: blob:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `worker-src 'self'`,
    `base-uri 'none'`,
    `form-action 'self'`,
    `frame-ancestors 'none'`,
  ].join('; ')

const en = {
  title: 'The console is not built',
  text: 'It comes with npm ci. Where scripts of packages are not run, this command builds it:',
  home: 'To the first page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Die Konsole ist nicht gebaut',
    text: 'Sie kommt mit npm ci. Wo Skripte von Paketen nicht ausgeführt werden, baut sie dieser Befehl:',
    home: 'Zur Startseite',
  },
}

/** The web console below `/console`: its files as they were built, and its page at every other path. */
export function consolePages({ site, platform }: GatewayHost): void {
  const about = { hide: true, produces: ['text/html'] }
  site.get(
    '/console/assets/:name',
    {
      config: { access: anyone },
      schema: {
        summary: 'A file of the console',
        params: Type.Object({ name: Type.String({ maxLength: 200, pattern: '^[\\w.-]+$' }) }),
        refuses: ['console_file_unknown'],
        hide: true,
      },
    },
    (request, reply) => asset(request.params.name, request as unknown as Request, reply),
  )
  site.get(
    '/console/worker.js',
    {
      config: { access: anyone },
      schema: { summary: 'What keeps the console ready', refuses: ['console_file_unknown'], hide: true },
    },
    (_, reply) => worker(reply),
  )
  for (const path of ['/console', '/console/*'])
    site.get(path, { config: { access: anyone }, schema: { summary: 'The console', ...about } }, (request, reply) =>
      page(request, reply, platform.mode),
    )
}

async function page(request: Request, reply: Reply, mode: string): Promise<Reply> {
  const text = await readFile(join(built, 'index.html'), 'utf8').catch(() => undefined)
  if (text === undefined) return notBuilt(request, reply)
  const nonce = randomBytes(16).toString('base64url')
  const { base } = reply.server
  return await reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policyOf(nonce))
    .send(
      text
        .replace('<html ', `<html data-mode="${mode}" `)
        .replaceAll('console-nonce', nonce)
        .replaceAll(/ (src|href)="\.\//g, (_, name: string) => ` ${name}="${base}/console/`)
        .replace('name="base" content=""', () => `name="base" content="${base}"`),
    )
}

function notBuilt(request: Request, reply: Reply): Reply {
  const language = languageOf(request)
  const { title, text, home } = texts[language]
  const body = html`<p>${text}</p>
    <pre><code>npm run console</code></pre>`
  return sendPage(reply, 503, { language, title, body, onward: [{ to: '/', text: home }] })
}

/** Asked for at each start, as it says which build is the latest. It may fetch from here alone, and run nothing else. */
async function worker(reply: Reply): Promise<Reply> {
  const text = await readFile(join(built, 'worker.js'), 'utf8').catch(() => {
    throw new Problem('not_found', 'console_file_unknown', { detail: 'The console is not built.' })
  })
  return await reply
    .type(types.js!)
    .headers({
      'cache-control': 'no-cache',
      'content-security-policy': `default-src 'none'; connect-src 'self'`,
      'service-worker-allowed': `${reply.server.base}/console`,
    })
    .send(text)
}

const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
  ['', ''],
] as const

/** As small as the reader takes it; its name changes with what is in it. */
async function asset(name: string, request: Request, reply: Reply): Promise<Reply> {
  const type = types[name.split('.').at(-1)!]
  const taken = String(request.headers['accept-encoding'] ?? '')
  for (const [encoding, ending] of encodings) {
    if (!type || (encoding && !new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(taken))) continue
    const file = await open(join(built, 'assets', name + ending)).catch(() => undefined)
    if (!file) continue
    if (encoding) reply.header('content-encoding', encoding)
    return await reply
      .type(type)
      .headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' })
      .send(await file.readFile().finally(() => file.close()))
  }
  throw new Problem('not_found', 'console_file_unknown', { detail: 'The console has no such file (any more).' })
}
