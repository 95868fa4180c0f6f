import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { event } from '../../contracts/define.ts'
import { Id } from '../../contracts/shared.ts'
import fastify from 'fastify'
import { anyone, signedIn, withRole, type AccessRule } from '../../kernel/access/access.ts'
import { mount, type RouteSchema } from '../../kernel/http/http.ts'
import { exampleOf } from '../../kernel/http/examples.ts'
import { describeRoutes, openapi } from '../../kernel/http/openapi.ts'
import { Page } from '../../kernel/http/pagination.ts'
import { holdToDeclared } from '../../kernel/http/problems.ts'
import { collectRoutes } from '../../kernel/http/routes.ts'
import { asyncapi } from './asyncapi.ts'
import { eventsPage } from './events.ts'
import { postman } from './postman.ts'

/** JSON of any depth, as the specifications have it. */
type Json = Record<string, any>

const id = exampleOf(Id)
const Book = Type.Object({ id: Id, pages: Type.Integer({ minimum: 10 }) }, { title: 'Book' })
const routes: [method: 'get' | 'post', path: string, access: AccessRule, schema: RouteSchema][] = [
  [
    'post',
    '/api/books',
    signedIn,
    {
      summary: 'Write a book',
      honours: ['Idempotency-Key'],
      gives: ['ETag', 'Location'],
      refuses: ['file_storage_full'],
      body: Type.Object({ title: Type.String({ examples: ['Emma'] }), role: Type.Optional(Type.Unknown()) }),
      response: { 201: Book },
    },
  ],
  [
    'get',
    '/api/books',
    withRole('operator'),
    {
      summary: 'Find books',
      querystring: Type.Object({ title: Type.Optional(Type.String({ description: 'Its name', examples: ['Emma'] })) }),
      response: { 200: Page(Book) },
    },
  ],
  [
    'get',
    '/api/books/:id/text',
    anyone,
    {
      summary: 'Read a book',
      honours: ['If-None-Match', 'Range'],
      refuses: ['file_missing'],
      params: Type.Object({ id: Id }),
      produces: ['application/epub+zip'],
    },
  ],
  ['get', '/docs', anyone, { summary: 'The reference', hide: true }],
]

async function documentOf(of: typeof routes, prefixes = ['']): Promise<Json> {
  const app = fastify()
  app.setValidatorCompiler(() => () => true)
  collectRoutes(app)
  holdToDeclared(app, () => {})
  await describeRoutes(app, '')
  app.tags.set('books', 'What is read.')
  const http = mount(app, prefixes, 'books')
  for (const [method, path, access, schema] of of) http[method](path, { config: { access }, schema }, () => {})
  await app.ready()
  return openapi(app)
}

test('the same routes in any order are the same document', async () => {
  assert.equal(JSON.stringify(await documentOf(routes.toReversed())), JSON.stringify(await documentOf(routes)))
})

test('an operation says who may use it, what it takes and gives, and how it refuses', async () => {
  const { paths, components, tags } = await documentOf(routes)
  const { post, get } = paths['/api/books']
  assert.equal(post.operationId, 'postBooks')
  assert.equal(post.description, 'Access: signed in.')
  assert.deepEqual([post['x-access'], get['x-access']], ['signed in', ['operator', 'admin']])
  assert.deepEqual(tags, [{ name: 'books', description: 'What is read.' }])
  assert.deepEqual(post.security, [{ bearerAuth: [] }, { cookieAuth: [] }])
  assert.deepEqual(post.requestBody.content['application/json'].example, { title: 'Emma' })
  const created = post.responses[201]
  assert.deepEqual(created.content['application/json'].example, { id: id, pages: 10 })
  assert.deepEqual(created.content['application/json'].schema, { $ref: '#/components/schemas/Book' })
  assert.deepEqual(components.schemas.Book.properties.pages, { type: 'integer', minimum: 10 })
  assert.deepEqual(Object.keys(created.headers), ['ETag', 'Location'])
  assert.deepEqual(
    post.parameters.map(({ name }: Json) => name),
    ['Idempotency-Key'],
  )
  assert.deepEqual(Object.keys(post.responses), ['201', '400', '401', '403', '409', '413', '415', '422', '503'])
  assert.deepEqual(Object.keys(get.responses), ['200', '400', '401', '403', '503'])
  assert.ok(codesAt(components, post.responses[503]).includes('file_storage_full'))
  assert.deepEqual(codesAt(components, get.responses[403]), [
    'role_insufficient',
    'scope_insufficient',
    'second_factor_missing',
    'terms_open',
  ])
})

test('a file that is read in parts, or not again, says so', async () => {
  const { paths, components } = await documentOf(routes)
  const { get } = paths['/api/books/{id}/text']
  assert.deepEqual(get.security, [])
  assert.deepEqual(
    get.parameters.map(({ name }: Json) => name),
    ['id', 'If-None-Match', 'Range'],
  )
  assert.deepEqual(Object.keys(get.responses), ['200', '206', '304', '400', '404', '416', '503'])
  assert.deepEqual(Object.keys(get.responses[206].content), ['application/epub+zip'])
  assert.deepEqual(Object.keys(get.responses[206].headers), ['ETag', 'Accept-Ranges', 'Content-Range'])
  assert.equal(get.responses[304].content, undefined)
  assert.deepEqual(codesAt(components, get.responses[404]), ['file_missing'])
})

test('what may be left out of a query has its example in words alone, so that nobody sends it unasked', async () => {
  const { paths } = await documentOf(routes)
  const [title] = paths['/api/books'].get.parameters
  assert.equal(title.description, 'Its name, for example `Emma`')
  assert.ok(!('example' in title) && !('examples' in title.schema))
})

test('what is hidden is in no document, and an alias is told only where its route is', async () => {
  const { paths } = await documentOf(routes, ['', '/v1'])
  assert.deepEqual(Object.keys(paths), ['/api/books', '/api/books/{id}/text'])
  assert.deepEqual(paths['/api/books'].post['x-aliases'], ['/v1/api/books'])
})

const codesAt = (components: Json, { $ref }: { $ref: string }): string[] =>
  Object.keys(components.responses[$ref.split('/').at(-1)!].content['application/problem+json'].examples)

const examples: [Json, unknown][] = [
  [{ type: 'string', examples: ['a', 'b'] }, 'a'],
  [{ type: 'integer', default: 20, minimum: 1 }, 20],
  [{ enum: ['open', 'closed'] }, 'open'],
  [{ const: 'system' }, 'system'],
  [{ type: 'string', format: 'email' }, 'ada@example.com'],
  [{ anyOf: [{ type: 'null' }, { type: 'string', format: 'date' }] }, '2027-02-18'],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, null],
  [{ type: 'array', items: { type: 'boolean' } }, [true]],
  [
    { type: 'object', properties: { a: { type: 'number', minimum: 2 }, b: { type: 'null' } } },
    { a: 2, b: null },
  ],
]
for (const [schema, expected] of examples)
  test(`an example of ${JSON.stringify(schema)}`, () => {
    assert.deepEqual(exampleOf(schema), expected)
  })

test('a Postman request has its variables, its headers switched off, and no token where none is asked for', async () => {
  const [folder] = postman(await documentOf(routes)).item as Json[]
  assert.equal(folder!.name, 'books')
  const [write, , read] = folder!.item.map(({ request }: Json) => request)
  assert.deepEqual([write.method, write.url.raw, write.auth], ['POST', '{{baseUrl}}/api/books', undefined])
  assert.deepEqual(JSON.parse(write.body.raw), { title: 'Emma' })
  assert.deepEqual(read.url.path, ['api', 'books', ':id', 'text'])
  assert.deepEqual(read.url.variable, [{ key: 'id', value: '{{booksId}}' }])
  assert.deepEqual(read.auth, { type: 'noauth' })
  assert.ok(read.header.length === 2 && read.header.every(({ disabled }: Json) => disabled))
})

const written = {
  promise: 'A book | or a leaflet is written.',
  event: event('books', 'book.written', 'book.id', Type.Object({ book: Book, note: Type.Optional(Type.String()) })),
}
const readers = new Map([
  [
    'book.written',
    [
      { service: 'shops', purpose: 'tell who waits for it' },
      { service: 'libraries', purpose: 'order the book' },
    ],
  ],
])

test('who tells an event and who reads it, what for, are operations on its channel', () => {
  const { operations, channels, components } = asyncapi([written], readers, '1.2.3') as Json
  assert.deepEqual(
    Object.entries<Json>(operations).map(([name, { action, summary, channel }]) => [
      name,
      action,
      summary,
      channel.$ref,
    ]),
    [
      ['book.written', 'send', 'The service books tells it.', '#/channels/book.written'],
      [
        'shops-reads-book.written',
        'receive',
        'The service shops reads it: tell who waits for it.',
        '#/channels/book.written',
      ],
      [
        'libraries-reads-book.written',
        'receive',
        'The service libraries reads it: order the book.',
        '#/channels/book.written',
      ],
      ['dead-letters', 'send', 'Whichever service could not handle an event.', '#/channels/dead-letters'],
    ],
  )
  assert.equal(channels['book.written'].description, written.promise)
  const { payload, headers, bindings } = components.messages['book.written']
  assert.equal(headers.properties.ce_source.const, 'urn:ohmnibus:books')
  assert.deepEqual(payload.required, ['eventId', 'timestamp', 'actor', 'book'])
  assert.match(bindings.kafka.key.description, /^`book\.id`/)
})

test('the page of events has a row an event and a row a field, those inside others too', () => {
  const page = eventsPage([written], readers).split('\n')
  assert.ok(
    page.includes(
      '| [`book.written`](#bookwritten) | `book.id` | A book \\| or a leaflet is written. | shops, libraries |',
    ),
  )
  assert.ok(page.includes('- shops: tell who waits for it'))
  assert.ok(page.includes('| `book.id` | UUID |  |'))
  assert.ok(page.includes('| `note` | string | may be missing |'))
})
