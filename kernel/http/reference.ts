import { createReadStream, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import viewer from '@fastify/swagger-ui'
import type { FastifyInstance, RouteOptions } from 'fastify'
import Type from 'typebox'
import { anyone } from '../access/access.ts'
import { mount, type Reply } from './http.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { openapi, type ApiDocument } from './openapi.ts'
import type { Peers } from '../calls/peers.ts'
import { Problem, titleOf } from '../problem.ts'

const events = join(dirname(dirname(import.meta.dirname)), 'docs', 'api', 'asyncapi.json')

// Only from here, whatever the document says; the viewer sets styles of its own on what it draws.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * The reference at `/docs` of all routes here and in the other processes we know of, for the browser from one place,
 * and what each code of a problem means; tags in the order of `names`. Call it before the instance is ready.
 */
export function reference(app: FastifyInstance, peers: Peers, names: readonly string[] = []): void {
  const site = mount(app, [''])
  let whole: { document: Promise<ApiDocument>; until: number } | undefined
  let latest: ApiDocument | undefined
  // Megabytes, which anybody may ask for as often as they like.
  const texts = new WeakMap<ApiDocument, Buffer>()
  const textOf = (document: ApiDocument): Buffer => {
    const text = texts.get(document) ?? Buffer.from(JSON.stringify(document))
    texts.set(document, text)
    return text
  }

  async function merged(): Promise<ApiDocument> {
    if (!whole || performance.now() > whole.until)
      whole = {
        document: documentsOf(peers).then(others => withOthers(openapi(app), others, names)),
        until: performance.now() + sharedMs,
      }
    return (latest = await whole.document)
  }

  void app.register(async scope => {
    open(scope)
    await scope.register(viewer, {
      routePrefix: '/docs',
      indexPrefix: app.base,
      staticCSP: policy,
      // What the viewer's own addresses give is the document of all.
      uiHooks: { preHandler: async () => void (await merged()) },
      transformSpecification: () => latest as never,
      transformSpecificationClone: false,
      theme: { title: 'Ohmnibus: the API' },
      uiConfig: {
        layout: 'BaseLayout',
        docExpansion: 'list',
        defaultModelsExpandDepth: -1,
        filter: true,
        withCredentials: true,
        plugins: [oneAtATime],
      },
    })
  })

  const give = (path: string, send: (reply: Reply) => unknown): void =>
    site.get(path, { config: { access: anyone }, schema: { summary: 'The reference', hide: true } }, (_, reply) =>
      send(reply),
    )
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
    async ({ query }, reply) => reply.type('application/json').send(textOf(query.own ? openapi(app) : await merged())),
  )
  if (existsSync(events))
    give('/docs/asyncapi.json', reply => reply.type('application/json').send(createReadStream(events)))
  give('/api/docs', reply => reply.redirect('/docs'))

  site.get(
    '/problems/:code',
    {
      config: { access: anyone },
      schema: {
        summary: 'What a code means',
        params: Type.Object({ code: Type.String({ pattern: '^[a-z0-9_]{1,100}$' }) }),
        refuses: ['problem_unknown'],
        hide: true,
      },
    },
    async ({ params: { code }, headers }, reply) => {
      const document = await merged()
      const { status, sentence } = app.problems.get(code) ?? knownElsewhere(document, code)
      const meaning = { code, title: titleOf(code), status, sentence, operations: operationsWith(document, code) }
      reply.header('vary', 'accept')
      return /\btext\/html\b/.test(headers.accept ?? '')
        ? reply.type('text/html; charset=utf-8').send(pageOf(meaning))
        : reply.type('application/json').send(JSON.stringify(meaning))
    },
  )
}

/** The viewer says nothing of who may use its routes. */
function open(scope: FastifyInstance): void {
  const { route } = scope
  scope.route = function (this: FastifyInstance, options: RouteOptions) {
    return route.call(this, { ...options, config: { ...options.config, access: anyone } } as never)
  } as typeof route
}

/** Anybody may ask as often as they like; the other processes are not asked as often. */
const sharedMs = 2_000

/** Of each service that lives elsewhere, from whoever answers. */
async function documentsOf(peers: Peers): Promise<ApiDocument[]> {
  const documents = await Promise.allSettled(peers.services().map(service => peers.documentOf(peers.pick(service)!)))
  return documents.flatMap(result => (result.status === 'fulfilled' ? [result.value as ApiDocument] : []))
}

function withOthers(own: ApiDocument, others: readonly ApiDocument[], names: readonly string[]): ApiDocument {
  if (others.length === 0) return own
  const all = [...others, own]
  // What belongs to no service, like operations, comes last.
  const placeOf = (tag: string): number => (names.includes(tag) ? names.indexOf(tag) : names.length)
  const merge = <T>(parts: Record<string, T>[]): Record<string, T> =>
    Object.fromEntries(Object.entries(Object.assign({}, ...parts)).sort(([a], [b]) => (a < b ? -1 : 1))) as never
  return {
    ...own,
    tags: [...new Map(all.flatMap(({ tags }) => tags).map(tag => [tag.name, tag])).values()].sort(
      (a, b) => placeOf(a.name) - placeOf(b.name),
    ),
    paths: merge(all.map(({ paths }) => paths)),
    components: {
      securitySchemes: own.components.securitySchemes,
      schemas: merge(all.map(({ components }) => components.schemas)),
      responses: merge(all.map(({ components }) => components.responses)),
      examples: merge(all.map(({ components }) => components.examples)),
    },
  }
}

function knownElsewhere({ components }: ApiDocument, code: string): { status: number; sentence: string } {
  const known = components.examples?.[code]
  if (!known) throw new Problem('not_found', 'problem_unknown', { detail: `There is no problem ${code}.` })
  return { status: known.value.status, sentence: known.summary }
}

/** `POST /api/passports` and so on: who answers with this code. */
export const operationsWith = ({ paths, components }: ApiDocument, code: string): string[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries<{ responses: Record<string, { $ref?: string }> }>(operations)
      .filter(([, { responses }]) =>
        Object.values(responses).some(({ $ref = '' }) => {
          const response = components.responses[$ref.replace('#/components/responses/', '')]
          return response && code in response.content['application/problem+json'].examples
        }),
      )
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  )

interface Meaning {
  readonly code: string
  readonly title: string
  readonly status: number
  readonly sentence: string
  readonly operations: readonly string[]
}

function pageOf({ code, title, status, sentence, operations }: Meaning): string {
  const items = operations.map(name => `<li><code>${escaped(name)}</code>`).join('\n')
  const listed = items && `<ul>\n${items}\n</ul>\n`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: Ohmnibus</title>
<h1>${title}</h1>
<p>${escaped(sentence)}</p>
<p>Code <code>${code}</code>, status ${status}. <a href="../docs">The reference</a></p>
${listed}</html>
`
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)
