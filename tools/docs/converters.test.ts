import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { event } from '../../contracts/define.ts'
import { Id } from '../../contracts/shared.ts'
import { anyone, signedIn } from '../../kernel/access/access.ts'
import { exampleOf, openapi } from '../../kernel/http/openapi.ts'
import type { DocumentedRoute } from '../../kernel/http/routes.ts'
import { asyncapi } from './asyncapi.ts'
import { eventsPage } from './events.ts'
import { postman } from './postman.ts'

/** JSON of any depth, as the specifications have it. */
type Json = Record<string, any>

const id = exampleOf(Id)
const about = { version: '1.2.3', server: 'http://localhost:8080' }
const Book = Type.Object({ id: Id, pages: Type.Integer({ minimum: 10 }) })
const routes: DocumentedRoute[] = [
  {
    method: 'POST',
    url: '/api/books',
    config: { access: signedIn },
    schema: {
      summary: 'Write a book',
      honours: ['Idempotency-Key'],
      tags: ['books'],
      body: Type.Object({ title: Type.String({ examples: ['Emma'] }) }),
      response: { 201: Book },
    },
  },
  {
    method: 'GET',
    url: '/api/books/:id/text',
    config: { access: anyone },
    schema: {
      summary: 'Read a book',
      honours: ['If-None-Match', 'Range'],
      tags: ['books'],
      params: Type.Object({ id: Id }),
      produces: ['application/epub+zip'],
    },
  },
  {
    method: 'GET',
    url: '/docs',
    config: { access: anyone },
    schema: { summary: 'The reference', tags: ['books'], hide: true },
  },
]
const documentOf = (of: readonly DocumentedRoute[]): Json => openapi(of, about)

test('the same routes in any order are the same document', () => {
  assert.equal(JSON.stringify(documentOf(routes.toReversed())), JSON.stringify(documentOf(routes)))
})

test('an operation says who may use it, what it takes and gives, and how it refuses', () => {
  const { post } = documentOf(routes).paths['/api/books']
  assert.equal(post.operationId, 'postBooks')
  assert.equal(post.description, 'Access: signed in.')
  assert.deepEqual(post.security, [{ bearerAuth: [] }, { cookieAuth: [] }])
  assert.deepEqual(post.requestBody.content['application/json'].example, { title: 'Emma' })
  assert.deepEqual(post.responses[201].content['application/json'].example, { id: id, pages: 10 })
  assert.deepEqual(
    post.parameters.map(({ name }: Json) => name),
    ['Idempotency-Key'],
  )
  assert.deepEqual(Object.keys(post.responses), ['201', '400', '401', '403', '409', '413', '415', '422', '503'])
})

test('a file that is read in parts, or not again, says so', () => {
  const { get } = documentOf(routes).paths['/api/books/{id}/text']
  assert.deepEqual(get.security, [])
  assert.deepEqual(
    get.parameters.map(({ name }: Json) => name),
    ['id', 'If-None-Match', 'Range'],
  )
  assert.deepEqual(Object.keys(get.responses), ['200', '206', '304', '400', '404', '416', '503'])
  assert.deepEqual(Object.keys(get.responses[206].content), ['application/epub+zip'])
  assert.equal(get.responses[304].content, undefined)
})

test('what is hidden is in no document', () => {
  assert.deepEqual(Object.keys(documentOf(routes).paths), ['/api/books', '/api/books/{id}/text'])
})

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

test('a Postman request has its variables, its headers switched off, and no token where none is asked for', () => {
  const [folder] = postman(documentOf(routes)).item as Json[]
  assert.equal(folder!.name, 'books')
  const [write, read] = folder!.item.map(({ request }: Json) => request)
  assert.deepEqual([write.method, write.url.raw, write.auth], ['POST', '{{baseUrl}}/api/books', undefined])
  assert.deepEqual(JSON.parse(write.body.raw), { title: 'Emma' })
  assert.deepEqual(read.url.path, ['api', 'books', ':id', 'text'])
  assert.deepEqual(read.url.variable, [{ key: 'id', value: id }])
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
      { service: 'shops', purpose: 'offer the book' },
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
        'The service shops reads it: offer the book; tell who waits for it.',
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
