import { createReadStream, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { anyone } from '../access/access.ts'
import { mount, type Reply } from './http.ts'
import { openapi } from './openapi.ts'
import type { Peers } from '../calls/peers.ts'
import { version } from '../version.ts'

const viewer = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const root = dirname(dirname(import.meta.dirname))
const events = join(root, 'docs', 'api', 'asyncapi.json')

// Only from here, whatever the document says; the viewer sets styles of its own on what it draws.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ohmnibus: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/viewer.css">
<body style="margin: 0">
<div id="reference"></div>
<script src="/docs/viewer.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const start = `SwaggerUIBundle({
  url: '/docs/openapi.json',
  dom_id: '#reference',
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  filter: true,
  withCredentials: true,
})
`

/**
 * The reference at `/docs` of all routes here and in the other processes we know of, for the browser from one place.
 * Call it before the instance is ready.
 */
export function reference(app: FastifyInstance, peers: Peers): void {
  const site = mount(app, [''], 'operations')
  let own: Document | undefined
  let whole: { text: Promise<string>; until: number } | undefined

  const give = (path: string, send: (reply: Reply) => unknown): void =>
    site.get(path, { config: { access: anyone }, schema: { summary: 'The reference', hide: true } }, (_, reply) =>
      send(reply),
    )
  const file = (path: string, type: string, from: string): void =>
    give(path, reply => reply.type(type).header('cache-control', 'public, max-age=3600').send(createReadStream(from)))

  give('/docs', reply => reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page))
  give('/docs/start.js', reply => reply.type('text/javascript; charset=utf-8').send(start))
  file('/docs/viewer.js', 'text/javascript; charset=utf-8', join(viewer, 'swagger-ui-bundle.js'))
  file('/docs/viewer.css', 'text/css; charset=utf-8', join(viewer, 'swagger-ui.css'))
  site.get(
    '/docs/openapi.json',
    {
      config: { access: anyone },
      schema: {
        summary: 'The reference',
        querystring: Type.Object({ own: Type.Optional(Type.Boolean()) }),
        hide: true,
      },
    },
    async ({ query }, reply) => {
      own ??= openapi(app.documented, { version, server: '/' })
      if (query.own) return reply.type('application/json').send(JSON.stringify(own))
      if (!whole || performance.now() > whole.until)
        whole = { text: textOf(own, peers), until: performance.now() + sharedMs }
      return reply.type('application/json').send(await whole.text)
    },
  )
  if (existsSync(events))
    give('/docs/asyncapi.json', reply => reply.type('application/json').send(createReadStream(events)))
  for (const path of ['/', '/api/docs']) give(path, reply => reply.redirect('/docs'))
}

type Document = ReturnType<typeof openapi>

/** Anybody may ask as often as they like; the other processes are not asked as often. */
const sharedMs = 2_000

const textOf = async (own: Document, peers: Peers): Promise<string> =>
  JSON.stringify(withOthers(own, await documentsOf(peers)))

/** Of each service that lives elsewhere, from whoever answers. */
async function documentsOf(peers: Peers): Promise<Document[]> {
  const documents = await Promise.allSettled(peers.services().map(service => peers.documentOf(peers.pick(service)!)))
  return documents.flatMap(result => (result.status === 'fulfilled' ? [result.value as Document] : []))
}

function withOthers(own: Document, others: readonly Document[]): Document {
  const paths = Object.assign({}, ...others.map(document => document.paths), own.paths) as Document['paths']
  const tags = new Map([own, ...others].flatMap(document => document.tags).map(tag => [tag.name, tag]))
  const sorted = <T>(entries: [string, T][]): [string, T][] => entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...own,
    tags: sorted([...tags]).map(([, tag]) => tag),
    paths: Object.fromEntries(sorted(Object.entries(paths))),
  }
}
