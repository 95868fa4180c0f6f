import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { Parser } from '@asyncapi/parser'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { RouteSchema } from '../kernel/http/http.ts'
import { codesOf } from '../kernel/http/problems.ts'
import { open, type TestPlatform } from '../kernel/testing.ts'
import { all, choose } from '../services/all.ts'
import { systems } from '../tools/docs/baseline.ts'
import { schemaOf } from '../tools/docs/schema.ts'

/** JSON of any depth, as the two specifications have it. */
type Json = Record<string, any>

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const openapi = JSON.parse(read('docs/api/openapi.json')) as Json
const asyncapi = JSON.parse(read('docs/api/asyncapi.json')) as Json
const operations = Object.entries<Json>(openapi.paths).flatMap(([path, methods]) =>
  Object.entries<Json>(methods).map(
    ([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, ...operation }) as Json,
  ),
)
const jsonOf = (media: Json | undefined): Json | undefined => media?.content?.['application/json']
const successesOf = (operation: Json): [string, Json][] =>
  Object.entries<Json>(operation.responses).filter(([status]) => status < '300')

let platform: TestPlatform
before(async () => void (platform = await open(await choose())))
test.after(() => platform.close())

test('a public validator finds no error in the OpenAPI document', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['node_modules/@redocly/cli/bin/cli.js', 'lint', 'docs/api/openapi.json', '--extends=recommended', '--format=json'],
    {
      cwd: root,
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      maxBuffer: 2 ** 26,
    },
  ).catch(error => error as { stdout: string })
  const { totals, problems } = JSON.parse(stdout) as Json
  assert.equal(totals.errors, 0, JSON.stringify(problems, null, 1))
})

test('a public validator finds no error in the AsyncAPI document', async () => {
  const { document, diagnostics } = await new Parser().parse(read('docs/api/asyncapi.json'))
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 0).map(({ message, path }) => `${path.join('/')}: ${message}`),
    [],
  )
  assert.equal(document?.channels().all().length, Object.keys(asyncapi.channels).length)
})

test('every route is in the document once, with its other addresses, and each operation has a name of its own', async () => {
  const routes = platform.http.app.documented
    .filter(({ method, schema }) => method !== 'HEAD' && !(schema as Json).hide)
    .map(({ method, url }) => `${String(method)} ${url.replace(/:(\w+)/g, '{$1}')}`)
  const named = operations.flatMap(({ name, 'x-aliases': aliases = [] }) => [
    name as string,
    ...aliases.map((path: string) => `${name.split(' ')[0]} ${path.replace(/:(\w+)/g, '{$1}')}`),
  ])
  assert.deepEqual(openapi.paths['/api/auth/login'].post['x-aliases'], ['/api/v1/auth/login'])
  assert.equal(openapi.paths['/api/v1/auth/login'], undefined)
  assert.equal((await platform.http.inject({ method: 'POST', url: '/api/v1/auth/login', body: {} })).statusCode, 400)
  assert.deepEqual(named.sort(), routes.sort())
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
})

test('every route that the table of the baseline names is served', () => {
  const parameters = (route: string): string => route.replace(/:\w+/g, ':')
  const served = new Set(platform.http.app.documented.map(({ method, url }) => parameters(`${String(method)} ${url}`)))
  const named = systems.flatMap(([, rows]) => rows.flatMap(({ routes }) => routes))
  assert.deepEqual(
    named.filter(route => !served.has(parameters(route))),
    [],
  )
})

test('every body and every answer has an example, and every example is what its schema says', () => {
  // What schemas share is taken in once: with each of them it took most of the time.
  const { components } = openapi
  const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true })).addSchema({ $id: 'api:', components })
  ajv.addFormat('binary', true)
  const wrong: string[] = []
  const check = (name: string, media: Json | undefined): void => {
    if (!media) return
    const validate = ajv.compile(JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"api:#/')))
    if (!('example' in media)) wrong.push(`${name} has no example`)
    else if (!validate(media.example))
      wrong.push(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(media.example)}`)
  }
  for (const operation of operations) {
    check(
      `the body of ${operation.name}`,
      jsonOf(operation.requestBody) ?? operation.requestBody?.content['multipart/form-data'],
    )
    for (const [status, answer] of successesOf(operation)) check(`${operation.name} ${status}`, jsonOf(answer))
    for (const parameter of operation.parameters ?? [])
      if (parameter.example !== undefined) check(`${parameter.name} of ${operation.name}`, parameter)
  }
  for (const [topic, { payload, headers, examples }] of Object.entries<Json>(asyncapi.components.messages)) {
    check(topic, { schema: payload, example: examples[0].payload })
    check(`the headers of ${topic}`, { schema: headers, example: examples[0].headers })
  }
  assert.deepEqual(wrong, [])
})

test('every success but an empty one says what it contains', () => {
  const silent = operations.flatMap(operation =>
    successesOf(operation)
      .filter(([status, answer]) => status !== '204' && !answer.content)
      .map(([status]) => `${operation.name} ${status}`),
  )
  assert.deepEqual(silent, [])
})

test('who may use a route stands there as it is enforced', async () => {
  for (const { method, url, schema, config } of platform.http.app.documented) {
    if (method === 'HEAD' || (schema as Json).hide || config?.isAlias) continue
    const operation = openapi.paths[url.replace(/:(\w+)/g, '{$1}')][String(method).toLowerCase()] as Json
    assert.match(operation.description, new RegExp(`Access: ${config!.access!.name}\\.$`))
    assert.deepEqual(operation['x-access'], config!.access!.admits)
    const id = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
    const open = operation.security.length === 0
    // Who has no account may have to prove otherwise who they are.
    if (open && operation.responses['401']) continue
    if (open && method !== 'GET') continue
    const { statusCode } = await platform.http.inject({ method: method as 'GET', url: url.replace(/:\w+/g, id) })
    assert.equal(statusCode === 401, !open, `${String(method)} ${url} without a token: ${statusCode}`)
  }
})

test('the platform serves the document of its own routes', async () => {
  const served = (await platform.http.inject('/docs/openapi.json')).json() as Json
  assert.deepEqual({ ...served, servers: openapi.servers }, openapi)
  assert.deepEqual((await platform.http.inject('/docs/asyncapi.json')).json(), asyncapi)
  for (const path of ['/', '/api/docs']) {
    const { statusCode, headers } = await platform.http.inject(path)
    assert.deepEqual([statusCode, headers.location], [302, '/docs'])
  }
})

test('every event travels with a CloudEvents head and its key', () => {
  for (const [topic, message] of Object.entries<Json>(asyncapi.components.messages)) {
    assert.equal(message.headers.properties.ce_type.const, topic === 'dead-letters' ? undefined : topic)
    assert.ok(
      ['ce_id', 'ce_source', 'ce_specversion', 'ce_time', 'ce_subject', 'ce_sequence', 'traceparent'].every(name =>
        message.headers.required.includes(name),
      ),
      topic,
    )
    assert.equal(message.bindings.kafka.key.type, 'string')
    assert.ok(
      ['eventId', 'timestamp', 'actor'].every(name => message.payload.required.includes(name)),
      topic,
    )
  }
})

test('the Postman collection has every request', () => {
  const collection = JSON.parse(read('docs/api/ohmnibus.postman_collection.json')) as Json
  const requests = collection.item.flatMap(({ item }: Json) => item) as Json[]
  const names = requests.map(
    ({ request }) => `${request.method} ${request.url.raw.replace('{{baseUrl}}', '').replace(/:(\w+)/g, '{$1}')}`,
  )
  assert.deepEqual([...new Set(names)].sort(), operations.map(({ name }) => name).sort())
})

test('a status and a header stand in the document where a field of the route brings them, and nowhere else', () => {
  for (const { url, method, schema, config } of platform.http.app.documented) {
    const { honours = [], gives = [], hide } = schema as RouteSchema
    if (method === 'HEAD' || hide || config?.isAlias) continue
    const name = `${String(method)} ${url}`
    const { responses } = openapi.paths[url.replace(/:(\w+)/g, '{$1}')][String(method).toLowerCase()] as Json
    const codes = codesOf({ method, config, schema })
    assert.equal('304' in responses, honours.includes('If-None-Match'), `${name}: 304`)
    const isTagged = responses[200]?.headers?.ETag
    if (method === 'GET' && isTagged)
      assert.ok('304' in responses, `${name}: who has it may ask whether it still stands`)
    assert.equal('206' in responses, honours.includes('Range'), `${name}: 206`)
    assert.equal('412' in responses, honours.includes('If-Match'), `${name}: 412`)
    assert.equal('416' in responses, honours.includes('Range'), `${name}: 416`)
    const unprocessable = codes.some(code => platform.http.app.problems.get(code)?.status === 422)
    assert.equal('422' in responses, unprocessable, `${name}: 422`)
    const tagged = honours.some(header => header.startsWith('If-')) || gives.includes('ETag')
    const headers = Object.entries<Json>(responses).flatMap(([status, answer]) =>
      status < '400' ? Object.keys(answer.headers ?? {}) : [],
    )
    assert.equal(headers.includes('ETag'), tagged && !(method === 'DELETE' && !responses[200]), `${name}: ETag`)
    assert.equal(headers.includes('Location'), gives.includes('Location'), `${name}: Location`)
    const named = Object.values<Json>(responses).flatMap(({ $ref = '' }) =>
      Object.keys(
        openapi.components.responses[$ref.split('/').at(-1)!]?.content['application/problem+json'].examples ?? {},
      ),
    )
    const own = codes.filter(code => !(schema as RouteSchema).response?.[platform.http.app.problems.get(code)!.status])
    assert.deepEqual(named.sort(), own.sort(), name)
  }
})

test('what an answer contains has a name, and so has each item of a page', () => {
  const nameless = operations.flatMap(operation =>
    Object.entries<Json>(operation.responses)
      .filter(([, answer]) => jsonOf(answer) && !jsonOf(answer)!.schema.$ref)
      .map(([status]) => `${operation.name} ${status}`),
  )
  assert.deepEqual(nameless, [])
  for (const [name, { properties }] of Object.entries<Json>(openapi.components.schemas)) {
    if (!properties?.nextCursor) continue
    const item: unknown = properties.items.items.$ref
    // What says more than a page does has a name of its own.
    if (Object.keys(properties).length > 2) assert.ok(item, name)
    else assert.equal(`${item}Page`, `#/components/schemas/${name}`)
  }
})

test('every tag says in a sentence what is under it, in the order of the product', () => {
  assert.deepEqual(
    openapi.tags.map(({ name }: Json) => name),
    [...Object.keys(all), 'operations'].filter(name => operations.some(({ tags }) => tags.includes(name))),
  )
  assert.ok(openapi.tags.every(({ description }: Json) => /^[A-Z].*\.$/.test(description)))
  assert.deepEqual(
    operations.filter(({ tags }) => !openapi.tags.some(({ name }: Json) => tags.includes(name))),
    [],
  )
})

test('the schema of each service shows its tables as PostgreSQL has them', async () => {
  for (const name of ['kernel', ...platform.platform.services]) {
    const shown = [...read(`docs/schema/${name}.sql`).matchAll(/^create table (\w+)/gm)].map(match => match[1]!)
    const there = await platform.db(name)<{ table: string }[]>`
      select table_name as table from information_schema.tables where table_schema = ${name} and table_type = 'BASE TABLE'
      and not (select relispartition from pg_class where oid = format('%I.%I', table_schema, table_name)::regclass)`
    assert.deepEqual(shown.sort(), there.map(({ table }) => table).sort())
  }
})

test('a schema shows all that its migrations said', async () => {
  const db = platform.db('shown')
  await db`create schema shown`
  await db`create table shown.shelves (id uuid primary key)`
  await db`create table shown.books (
    id uuid constraint books_id primary key, shelf_id uuid not null constraint books_shelf references shown.shelves on delete cascade,
    title text not null default 'It''s untitled', pages integer constraint books_pages check (pages > 0),
    size text generated always as (case when pages > 500 then 'thick' else 'thin' end) stored)`
  await db`create index books_by_title on shown.books (lower(title)) where pages is not null`
  await db`comment on table shown.books is 'One row a book; it''s bound'`
  await db`comment on column shown.books.pages is 'Without the cover'`
  assert.equal(
    await schemaOf(db, 'shown'),
    `-- The schema shown after all migrations, made by \`npm run docs\`. To read: what runs are the migrations.

create table books (
  id        uuid     not null,
  shelf_id  uuid     not null,
  title     text     not null default 'It''s untitled'::text,
  pages     integer,
  size      text     generated always as (\nCASE\n    WHEN (pages > 500) THEN 'thick'::text\n    ELSE 'thin'::text\nEND) stored,
  constraint books_id PRIMARY KEY (id),
  constraint books_shelf FOREIGN KEY (shelf_id) REFERENCES shelves(id) ON DELETE CASCADE,
  constraint books_pages CHECK ((pages > 0))
);
CREATE INDEX books_by_title ON shown.books USING btree (lower(title)) WHERE (pages IS NOT NULL);
comment on table books is 'One row a book; it''s bound';
comment on column books.pages is 'Without the cover';

create table shelves (
  id  uuid  not null,
  constraint shelves_pkey PRIMARY KEY (id)
);
`,
  )
})

test('every reaction of a service is among the readers of its event', async () => {
  await platform.settle()
  const subscriptions = await platform.db('kernel')<
    { service: string; topic: string }[]
  >`select service, topic from kernel.subscriptions`
  assert.ok(subscriptions.some(({ service, topic }) => service === 'documents' && topic === 'passport.deleted'))
  for (const { service, topic } of subscriptions)
    assert.match(
      asyncapi.operations[`${service}-reads-${topic}`].summary,
      new RegExp(`^The service ${service} reads it: \\w`),
    )
})
