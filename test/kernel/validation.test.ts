import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import Type from 'typebox'
import { Id, Instant } from '../../contracts/shared.ts'
import { anyone, defineService, Problem, timeOf } from '../../kernel/index.ts'
import { parseJson, stringify, verbatim } from '../../kernel/http/strict-json.ts'
import { start } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter(value => !value.includes('\0') && value.isWellFormed())
const key = fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom('__proto__', 'constructor', 'prototype'))

/** Any value of I-JSON (RFC 7493). */
const iJson = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (Object.is(number, -0) ? 0 : number)),
    text,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value

/** What parsing gives, or the code it is refused with; anything else that is thrown goes through. */
const parsed = (text: string | Uint8Array): { value: unknown } | { code: string } => {
  try {
    return { value: parseJson(Buffer.from(text as string)) }
  } catch (error) {
    if (error instanceof Problem && error.kind === 'invalid') return { code: error.code }
    throw error
  }
}

test('every I-JSON value is read as JSON.parse reads it, however it is laid out', () => {
  fc.assert(
    fc.property(iJson, fc.constantFrom(undefined, 1, '\t', ' \r\n'), (value, indent) => {
      const source = JSON.stringify(value, null, indent)
      assert.deepEqual(parsed(source), { value: JSON.parse(source) })
      const escaped = source.replace(
        /[^\x20-\x7e\s]/g,
        unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      assert.deepEqual(parsed(escaped), { value: JSON.parse(source) })
    }),
    { numRuns: 1000 },
  )
})

test('whatever the bytes are, they are read as JSON.parse reads them or refused as invalid', () => {
  const agrees = (bytes: Uint8Array): void => {
    const result = parsed(bytes)
    if ('code' in result) assert.equal(result.code, 'json_invalid')
    else assert.deepEqual(result.value, JSON.parse(Buffer.from(bytes).toString()))
  }
  const damaged = fc.tuple(iJson, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(value))
    bytes[at % bytes.length] = byte
    return bytes
  })
  const tokens = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '"\\u0000"',
      '"\\ud800"',
      '1',
      '-',
      'e',
      '1e5',
      'null',
      ' ',
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        damaged,
        tokens.map(parts => Buffer.from(parts.join(''))),
      ),
      agrees,
    ),
    { numRuns: 3000 },
  )
})

test('a number is taken exactly if it comes back as it was sent', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), number => {
      const source = String(number)
      assert.equal('value' in parsed(`[${source}]`), JSON.stringify(JSON.parse(source)) === source, source)
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
      for (const source of [
        String(number),
        number.toExponential(),
        number.toExponential().replace('e', 'E').replace('E+', 'E+00'),
      ])
        assert.deepEqual(parsed(source), { value: JSON.parse(source) }, source)
    }),
  )
  for (const source of [
    '9007199254740993',
    '0.1234567890123456789',
    '1e400',
    '-1e400',
    '1e-400',
    '1.00000000000000000001',
  ])
    assert.deepEqual(parsed(source), { code: 'json_invalid' }, source)
  for (const source of [
    '0',
    '-0',
    '0.0',
    '0e5',
    '1.50',
    '1E2',
    '9007199254740992',
    '0.10000000000000000000',
    '1e22',
    '5e-324',
  ])
    assert.deepEqual(parsed(source), { value: JSON.parse(source) }, source)
})

test('keys are compared by what they are, not by how they are written, and nesting ends at 64', () => {
  fc.assert(
    fc.property(key, fc.array(key, { maxLength: 3 }), (twice, path) => {
      const escaped = [...Array(twice.length).keys()]
        .map(i => `\\u${twice.charCodeAt(i).toString(16).padStart(4, '0')}`)
        .join('')
      const inner = `{${JSON.stringify(twice)}:1,"${escaped}":2}`
      const source = path.reduceRight((body, name) => `{${JSON.stringify(name)}:[${body}]}`, inner)
      try {
        parseJson(Buffer.from(source))
        assert.fail('it stands twice')
      } catch (error) {
        const pointer = [...path.flatMap(name => [name, '0']), twice]
          .map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`)
          .join('')
        assert.equal((error as Problem).details.errors?.[0]?.pointer, pointer.slice(0, 500))
      }
    }),
  )
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  assert.ok('value' in parsed(nested(64)))
  assert.deepEqual(parsed(nested(65)), { code: 'json_invalid' })
  assert.deepEqual(parsed('"[[{{]"'), { value: '[[{{]' }, 'brackets in texts do not count')
})

const Cell = Type.Object({
  id: Id,
  volts: Type.Number({ minimum: 0, maximum: 1000 }),
  state: Type.Enum(['new', 'used']),
})
const Rich = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 10, pattern: '^[a-z ]+$' }),
  count: Type.Optional(Type.Integer({ minimum: -5, maximum: 5 })),
  on: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  mail: Type.Optional(Type.String({ format: 'email' })),
  made: Type.Optional(Type.String({ format: 'date-time' })),
  tags: Type.Optional(Type.Array(Type.String(), { maxItems: 3, uniqueItems: true })),
  cells: Type.Optional(Type.Array(Cell, { maxItems: 3 })),
  names: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  either: Type.Optional(Type.Union([Type.Object({ left: Type.String() }), Type.Object({ right: Type.Integer() })])),
  open: Type.Optional(Type.Object({ known: Type.Optional(Type.Integer()) }, { additionalProperties: true })),
  more: Type.Optional(Type.Integer({ default: 42 })),
})

const cell = fc.record(
  {
    id: fc.uuid(),
    volts: fc.double({ min: 0, max: 1000, noNaN: true }).map(n => n + 0),
    state: fc.constantFrom('new', 'used'),
  },
  { noNullPrototype: true },
)
const good = fc.record(
  {
    name: fc.constantFrom('a', 'some name'),
    count: fc.integer({ min: -5, max: 5 }),
    on: fc.constantFrom(true, false, null),
    mail: fc.constant('a@b.example'),
    made: fc.constant('2027-02-18T08:30:00Z'),
    tags: fc.uniqueArray(text, { maxLength: 3 }),
    cells: fc.array(cell, { maxLength: 3 }),
    names: fc.dictionary(key, fc.integer(), { maxKeys: 2, noNullPrototype: true }),
    either: fc.constantFrom({ left: 'a' }, { right: 1 }),
    open: fc.constantFrom({}, { known: 1 }, { other: [1] }),
    more: fc.integer(),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
)
/** One thing that may be wrong. */
const flaw = fc.oneof(
  ...Object.entries<fc.Arbitrary<unknown>>({
    name: fc.oneof(text, fc.constantFrom('', 'a very long name', null)),
    count: fc.constantFrom(-6, 6, 1.5, '1', null),
    on: fc.constantFrom('true', 0),
    mail: fc.constantFrom('a@', '@b', 'a b@c.de', 7),
    made: fc.constantFrom('2027-02-30T08:30:00Z', 'now', 0),
    tags: fc.oneof(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }), fc.constant('a')),
    cells: fc
      .tuple(cell, fc.constantFrom({ id: '1' }, { volts: 1001 }, { volts: '1' }, { state: 'old' }, { extra: 1 }, {}))
      .map(([value, change]) => [{ ...value, ...change }]),
    names: fc.dictionary(key, text, { maxKeys: 2, noNullPrototype: true }),
    either: fc.constantFrom({ left: 1 }, { left: 'a', right: 1 }, {}),
    open: fc.constantFrom({ known: 'a' }, []),
    more: fc.constantFrom('1', null),
    unknown: iJson,
  }).map(([field, value]) => value.map(value => ({ [field]: value }))),
)
const near = fc.oneof(
  good,
  fc.tuple(good, flaw).map(([value, change]) => ({ ...value, ...change })),
)

test('no JSON value makes a route fail, and what it takes is what its schema accepts, unchanged', async t => {
  const p = await start(t, [
    defineService({
      name: 'rich',
      folder: await folderWith(t),
      start({ http }) {
        http.post('/', { config: { access: anyone }, schema: { summary: 'Echo', body: Rich } }, ({ body }) => body)
      },
    }),
  ])
  // The same schema, closed by hand, in a validator without any of our settings.
  const objects: object[] = []
  const closed = JSON.parse(JSON.stringify(Rich), (_, value) => {
    if (value?.type === 'object' && value.properties && !('additionalProperties' in value))
      objects.push(Object.assign(value, { additionalProperties: false }))
    return value
  })
  assert.equal(objects.length, 4)
  const { default: formats } = await import('ajv-formats')
  const accepts = formats.default(new Ajv({ strict: false })).compile(closed)

  let taken = 0
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: near }, { weight: 1, arbitrary: iJson }), async value => {
      const source = JSON.stringify(value)
      const answer = await p.http.inject({
        method: 'POST',
        url: '/api/rich',
        headers: { 'content-type': 'application/json' },
        payload: source,
      })
      if (!accepts(JSON.parse(source))) {
        assert.equal(answer.statusCode, 400, source)
        const { code, errors } = answer.json()
        assert.equal(code, 'request_invalid')
        assert.ok(errors.length > 0 && errors.length <= 10)
        return
      }
      taken++
      assert.equal(answer.statusCode, 200, source)
      assert.deepEqual(answer.json(), { more: 42, ...JSON.parse(source) })
    }),
    { numRuns: 1500 },
  )
  assert.ok(taken > 400 && taken < 1200, `${taken} were good`)
})

test('a query means what its texts say: numbers and flags are read, texts stay as they are, the rest is refused', async t => {
  const querystring = Type.Object({
    count: Type.Optional(Type.Integer()),
    size: Type.Optional(Type.Number()),
    flag: Type.Optional(Type.Boolean()),
    text: Type.Optional(Type.String()),
    kind: Type.Optional(Type.Enum(['a', 'b'])),
  })
  const p = await start(t, [
    defineService({
      name: 'asks',
      folder: await folderWith(t),
      start({ http }) {
        http.get('/', { config: { access: anyone }, schema: { summary: 'Echo', querystring } }, ({ query }) => query)
      },
    }),
  ])
  const ask = (query: Record<string, string>) => p.http.inject({ url: '/api/asks', query })
  const values = fc.record(
    {
      count: fc.integer(),
      size: fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => n + 0),
      flag: fc.boolean(),
      text,
      kind: fc.constantFrom('a', 'b'),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  await fc.assert(
    fc.asyncProperty(values, async values => {
      const answer = await ask(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])))
      assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(values)))
    }),
  )
  for (const [name, value] of [
    ['count', '1.5'],
    ['count', 'x'],
    ['count', ''],
    ['count', '1e999'],
    ['size', '-1e999'],
    ['size', 'Infinity'],
    ['size', 'NaN'],
    ['flag', 'yes'],
    ['flag', '2'],
    ['flag', ''],
    ['kind', 'c'],
    ['kind', ''],
  ] as const) {
    const answer = await ask({ [name]: value })
    assert.deepEqual([answer.statusCode, answer.json().errors?.[0].pointer], [400, `/${name}`], `${name}=${value}`)
  }
  assert.equal((await ask({ text: 'Infinity' })).json().text, 'Infinity')
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ maxLength: 30 }),
      async (encoded, literal) => {
        for (const query of [encodeURI(encoded.toWellFormed()), literal.replace(/[^\x21-\x7e]|#/g, '')])
          assert.ok([200, 400].includes((await p.http.inject(`/api/asks?${query}`)).statusCode), query)
      },
    ),
  )
})

test('objects of a body are closed, also those under fields called default and examples', async t => {
  const odd = defineService({
    name: 'odd',
    folder: await folderWith(t),
    start({ http }) {
      const inner = Type.Object({ a: Type.Optional(Type.Integer()) })
      const body = Type.Object({
        default: Type.Optional(inner),
        examples: Type.Optional(inner),
        properties: Type.Optional(inner),
      })
      http.post('/', { config: { access: anyone }, schema: { summary: 'Take', body } }, () => ({}))
    },
  })
  const p = await start(t, [odd])
  for (const name of ['default', 'examples', 'properties']) {
    const post = (inner: object) => p.http.inject({ method: 'POST', url: '/api/odd', payload: { [name]: inner } })
    assert.equal((await post({ a: 1 })).statusCode, 200, name)
    assert.deepEqual(
      (await post({ b: 1 })).json().errors?.map(({ pointer }: { pointer: string }) => pointer),
      [`/${name}/b`],
    )
  }
})

test('an id is one and the same in whatever case it is typed, in paths, queries and bodies', async t => {
  const NullableId = Type.Union([Id, Type.Null()])
  const fields = { id: Id, maybe: Type.Optional(NullableId), list: Type.Optional(Type.Array(Id)), text: Type.String() }
  const ids = defineService({
    name: 'ids',
    folder: await folderWith(t),
    start({ http }) {
      const schema = {
        summary: 'Echo',
        params: Type.Object({ id: Id }),
        querystring: Type.Object({ owner: Id }),
        body: Type.Object({ ...fields, inner: Type.Optional(Type.Object({ id: Id })) }),
      }
      http.post('/:id', { config: { access: anyone }, schema }, ({ params, query, body }) => ({ params, query, body }))
    },
  })
  const p = await start(t, [ids])
  const id = '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'
  const typed = id.toUpperCase()
  const answer = await p.http.inject({
    method: 'POST',
    url: `/api/ids/${typed}?owner=${typed}`,
    payload: { id: typed, maybe: typed, list: [typed, id], inner: { id: typed }, text: typed },
  })
  assert.deepEqual(answer.json(), {
    params: { id },
    query: { owner: id },
    body: { id, maybe: id, list: [id, id], inner: { id }, text: typed },
  })
})

test('a time is read if it is one for the calendar and the database too, and refused with its field if not', async t => {
  const times = defineService({
    name: 'times',
    folder: await folderWith(t),
    start({ http, db }) {
      const schema = {
        summary: 'Keep',
        querystring: Type.Object({ at: Type.Optional(Instant) }),
        body: Type.Object({ at: Type.Optional(Instant), on: Type.Optional(Type.String({ format: 'date' })) }),
      }
      http.post('/', { config: { access: anyone }, schema }, async ({ query, body }) => {
        const at = timeOf(query.at ?? body.at ?? '1970-01-01T00:00:00Z')
        const [row] = await db`select ${at}::timestamptz as at, ${body.on ?? '1970-01-01'}::date::text as on`
        return row
      })
    },
  })
  const p = await start(t, [times])
  const good = {
    '2027-02-18T08:30:00Z': '2027-02-18T08:30:00.000Z',
    '2027-02-18t08:30:00.5z': '2027-02-18T08:30:00.500Z',
    '2027-02-18 08:30:00+02:00': '2027-02-18T06:30:00.000Z',
    '2028-02-29T23:59:59.999999999-23:59': '2028-03-01T23:58:59.999Z',
    // Nothing of ours was before.
    '0000-01-01T00:00:00Z': '1970-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00+23:59': '1970-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59Z': '9999-12-31T23:59:59.000Z',
    '9999-12-31T00:00:00+23:59': '9999-12-30T00:01:00.000Z',
  }
  const bad = [
    '2016-12-31T23:59:60Z',
    '2016-12-31T23:59:60.5+00:00',
    '2027-02-18T24:00:00Z',
    '2027-02-18T08:60:00Z',
    '9999-12-31T23:59:59-00:01',
    '10000-01-01T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2027-02-30T00:00:00Z',
    '2027-13-01T00:00:00Z',
    '2027-00-01T00:00:00Z',
    '-0001-01-01T00:00:00Z',
    '2027-02-18T08:30:00',
    '2027-02-18',
    'now',
    'infinity',
    '',
    '2027-02-18T08:30:00+24:00',
    `2027-02-18T08:30:00.${'1'.repeat(21)}Z`,
  ]
  const ask = (query: Record<string, string>, payload: object) =>
    p.http.inject({ method: 'POST', url: '/api/times', query, payload })
  for (const [at, is] of Object.entries(good)) {
    assert.equal((await ask({}, { at })).json().at, is, at)
    assert.equal((await ask({ at }, {})).json().at, is, at)
  }
  for (const at of bad)
    for (const answer of [await ask({}, { at }), await ask({ at }, {})])
      assert.deepEqual([answer.statusCode, answer.json().errors?.[0].pointer], [400, '/at'], at)
  for (const on of ['2028-02-29', '0001-01-01', '9999-12-31']) assert.equal((await ask({}, { on })).json().on, on)
  for (const on of ['2027-02-29', '0000-01-01', '10000-01-01', 'today', ''])
    assert.equal((await ask({}, { on })).statusCode, 400, on)
})

test('what was read with its text is written as it stood, wherever it stands by then', () => {
  const body = parseJson(
    Buffer.from('{"b":{"2":1,"1":2.50},"__proto__":[ 1 ],"n":{"10":{"x":"\\u0041"}},"t":"x"}'),
  ) as any // JSON of any shape
  assert.equal(
    stringify({ before: 1, all: [body.b, body.n], body }),
    '{"before":1,"all":[{"2":1,"1":2.50},{"10":{"x":"\\u0041"}}],"body":{"b":{"2":1,"1":2.50},"__proto__":[ 1 ],"n":{"10":{"x":"\\u0041"}},"t":"x"}}',
  )
  assert.equal(stringify(verbatim('{"2":{},"1":[1.0]}')), '{"2":{},"1":[1.0]}')
  fc.assert(
    fc.property(iJson, value => {
      assert.equal(stringify(value), JSON.stringify(value))
      const text = JSON.stringify({ value }, null, 1)
      assert.deepEqual(JSON.parse(stringify(parseJson(Buffer.from(text)))), JSON.parse(text))
    }),
  )
})
