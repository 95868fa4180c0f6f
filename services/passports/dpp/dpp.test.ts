import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type Actor } from '#kernel'
import { attributes } from '#law'
import { member, open } from '../testing.ts'
import { mergePatch, nodeAt, stepsOf, withNode } from './paths.ts'
import { compressedOf, elementOf, valueIn } from './shape.ts'

/** What the API answers, as JSON of any shape. */
type Answer = { status: number; body: any; headers: Record<string, unknown>; text: string }

async function setUp(t: Parameters<typeof open>[0]) {
  const of = await open(t)
  const as =
    (who?: Partial<Actor>) =>
    async (method: string, url: string, payload?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
      const isPatch = method === 'PATCH' && !url.includes('/elements/')
      const answer = await of.p.http.inject({
        method: method as 'GET',
        url: `/v1${url}`,
        headers: {
          ...(who && of.p.signedIn(who)),
          ...(payload !== undefined && {
            'content-type': isPatch ? 'application/merge-patch+json' : 'application/json',
          }),
          ...headers,
        },
        ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
      })
      const { statusCode: status, body: text, headers: answered } = answer
      return {
        status,
        text,
        headers: answered,
        body: text && /json/.test(String(answered['content-type'])) ? JSON.parse(text) : text,
      }
    }
  const owner = member(newId(), 'editor')
  const ada = as(owner)
  const made = await ada('POST', '/dpps', {
    uniqueProductIdentifier: 'https://id.example.com/01/09521002005004/21/A',
    granularity: 'Item',
    identity: { batteryCategory: 'EV', batteryModelIdentifier: 'M1', batteryMass: 450, batteryStatus: 're-used' },
  })
  assert.equal(made.status, 201, made.text)
  const id = made.body.digitalProductPassportId as string
  assert.equal(made.headers.location, `/v1/dpps/${encodeURIComponent(id)}`)
  const publish = () => of.as(owner).post(`/${id.slice(9)}/publish`)
  return { of, as, ada, id, path: `/dpps/${encodeURIComponent(id)}`, publish, owner }
}

const element = (path: string, steps: string) => `${path}/elements/${encodeURIComponent(steps)}`
const codeOf = ({ status, body }: Answer): [number, string] => [status, body.messages[0].code]

test('EN 18222: a passport is made, read by id, by product, by date, changed, and kept', async t => {
  const { as, ada, id, path, publish } = await setUp(t)
  const nobody = as()
  assert.deepEqual(codeOf(await nobody('GET', path)), [401, 'token_missing'], 'a draft')
  assert.equal((await publish()).status, 200)
  const read = await nobody('GET', path)
  assert.equal(read.status, 200, read.text)
  const { digitalProductPassportId, uniqueProductIdentifier, granularity, dppStatus, economicOperatorId, identity } =
    read.body
  assert.deepEqual(
    [digitalProductPassportId, uniqueProductIdentifier, granularity, dppStatus, identity.batteryMass],
    [id, 'https://id.example.com/01/09521002005004/21/A', 'Item', 'active', 450],
  )
  assert.match(economicOperatorId, /^did:web:.*:operators:/)
  assert.equal(identity.batteryStatus, undefined)
  const product = encodeURIComponent(uniqueProductIdentifier)
  assert.deepEqual((await nobody('GET', `/dppsByProductId/${product}`)).body, read.body)
  const date = (text: string) =>
    nobody('GET', `/dppsByIdAndDate/${encodeURIComponent(id)}?date=${encodeURIComponent(text)}`)
  assert.deepEqual((await date('2099-01-01T00:00:00Z')).body, read.body)
  assert.deepEqual(codeOf(await date('2020-01-01T00:00:00Z')), [404, 'version_unknown'])
  assert.equal((await date('2027-01-01T00:00:00')).status, 400, 'a time needs its zone')
  for (const body of [{ productIds: [uniqueProductIdentifier, 'other'] }, [uniqueProductIdentifier]])
    assert.deepEqual((await nobody('POST', '/dppsByProductIds', body)).body, { items: [id] })
  const full = await nobody('GET', `${path}?representation=FULL`)
  const group = full.body.elements.find(({ elementId }: any) => elementId === 'identity')
  const mass = group.elements.find(({ elementId }: any) => elementId === 'batteryMass')
  assert.deepEqual([mass.objectType, mass.valueDataType, mass.value], ['SingleValuedDataElement', 'xsd:decimal', 450])
  assert.match(mass.dictionaryReference, /\/vocabulary\/batteryMass$/)
  const tag = String((await ada('GET', path)).headers.etag)
  const patched = await ada(
    'PATCH',
    path,
    '{"identity":{"batteryMass":450.10},"performance":{"ratedCapacity":94.50}}',
    { 'if-match': tag },
  )
  assert.equal(patched.status, 200, patched.text)
  assert.match((await nobody('GET', path)).text, /"batteryMass":450\.10\b.*"ratedCapacity":94\.50\b/, 'digits stay')
  assert.deepEqual(codeOf(await ada('PATCH', path, { identity: { batteryMass: 1 } }, { 'if-match': tag })), [
    412,
    'version_stale',
  ])
  assert.equal((await ada('PATCH', path, { performance: null })).status, 200)
  assert.equal((await nobody('GET', path)).body.performance, undefined)
  assert.deepEqual(codeOf(await ada('DELETE', path)), [409, 'passport_kept'])
})

test('EN 18222: what is refused is a Result, and a patch is all or nothing', async t => {
  const { as, ada, path, publish } = await setUp(t)
  await publish()
  const before = (await ada('GET', path)).text
  const refused: [unknown, number, string][] = [
    [{ identity: { batteryMass: 3, batteryModelIdentifier: null, batteryCategory: null } }, 400, 'passport_incomplete'],
    [{ uniqueProductIdentifier: 'B' }, 409, 'identifier_kept'],
    [{ granularity: 'Model' }, 409, 'head_kept'],
    [{ identity: { batteryMass: 'heavy', manufacturingPlace: 'X' } }, 400, 'value_invalid'],
    [{ identity: { ratedCapacity: 1 } }, 400, 'element_unfit'],
    [{ nothing: {} }, 400, 'element_unfit'],
    ['{', 400, 'json_invalid'],
  ]
  for (const [patch, status, code] of refused) {
    const answer = await ada('PATCH', path, patch)
    assert.deepEqual(codeOf(answer), [status, code], answer.text)
    const [message] = answer.body.messages
    assert.deepEqual(Object.keys(message).sort(), ['code', 'correlationId', 'messageType', 'text', 'timestamp'])
  }
  assert.equal((await ada('GET', path)).text, before)
  assert.equal((await ada('PATCH', path, {}, { 'content-type': 'application/json' })).status, 415)
  assert.deepEqual(codeOf(await ada('PATCH', `${path}?representation=full`, {})), [501, 'representation_not_written'])
  assert.deepEqual(codeOf(await as({ userId: newId() })('PATCH', path, {})), [403, 'editor_required'])
  assert.deepEqual(codeOf(await as()('GET', `${path}?representation=half`)), [400, 'request_invalid'])
  assert.deepEqual(codeOf(await as()('GET', `${path}?nobody=knows`)), [400, 'request_invalid'])
  assert.deepEqual(codeOf(await as({ userId: newId() })('GET', '/dpps/nothing')), [404, 'passport_unknown'])
  assert.deepEqual(codeOf(await ada('POST', '/dpps', { granularity: 0 })), [400, 'element_unfit'])
  const twice = await Promise.all([1, 2].map(mass => ada('PATCH', path, { identity: { batteryMass: mass } })))
  assert.deepEqual(
    twice.map(({ status }) => status),
    [200, 200],
    'two patches at once',
  )
})

test('EN 18222: an element by a path to exactly one node, closed the same with and without a value', async t => {
  const { as, ada, path, publish } = await setUp(t)
  await publish()
  const [nobody, stranger, officer] = [as(), as({ userId: newId() }), as({ role: 'authority' })]
  const mass = element(path, "$['identity']['batteryMass']")
  assert.deepEqual((await nobody('GET', mass)).body, 450)
  assert.equal((await nobody('GET', `${mass}?representation=full`)).body.valueDataType, 'xsd:decimal')
  assert.equal((await ada('PATCH', mass, '451.50')).text, '451.50')
  assert.equal((await nobody('GET', mass)).text, '451.50')
  for (const hidden of ["$['identity']['batteryStatus']", "$['performance']['stateOfCharge']"])
    if (attributes.some(({ id, point }) => hidden.includes(`'${id}'`) && point === 4)) {
      assert.deepEqual(codeOf(await nobody('GET', element(path, hidden))), [401, 'token_missing'])
      for (const reader of [stranger, officer])
        assert.deepEqual(codeOf(await reader('GET', element(path, hidden))), [403, 'attribute_closed'])
    }
  assert.deepEqual(codeOf(await nobody('GET', element(path, "$['performance']['ratedCapacity']"))), [
    404,
    'element_unknown',
  ])
  for (const wrong of ['$', '$.identity', "$['identity'][*]", "$['identity']..x", '$[?@.a]', "$['a','b']"])
    assert.deepEqual(codeOf(await nobody('GET', element(path, wrong))), [400, 'element_path_invalid'], wrong)
})

test('EN 18223: both forms become each other without loss, and each reference leads somewhere', async t => {
  const { of, id, publish } = await setUp(t)
  const values: [string, unknown][] = [
    ['separateCollectionInfo', [{ language: 'en', value: 'Apart' }]],
    ['euDeclarationOfConformity', { title: 'DoC', url: 'https://example.com/doc.pdf', language: 'en' }],
    [
      'testReportResults',
      [{ title: 'T', url: 'https://example.com/t', mediaType: 'application/pdf' }, { title: 'no address' }],
    ],
    ['manufacturerInformation', { name: 'Maker', address: { city: 'X' } }],
    ['partNumbers', [{ name: 'Cell', number: '1' }]],
    ['batteryMass', 5],
    ['warrantyPeriod', { notApplicable: 'none' }],
  ]
  for (const [id, value] of values) {
    const whole = elementOf(id, value, 'https://example.com/vocabulary')
    assert.deepEqual(valueIn(whole), value, JSON.stringify(whole))
  }
  assert.equal(elementOf('separateCollectionInfo', values[0]![1], '').objectType, 'MultiLanguageDataElement')
  assert.equal(elementOf('euDeclarationOfConformity', values[1]![1], '').objectType, 'RelatedResource')
  assert.equal(compressedOf([], 'did').economicOperatorId, 'did')
  for (const { id } of attributes) {
    const term = await of.p.http.inject({ url: `/vocabulary/${id}`, headers: { accept: 'application/ld+json' } })
    assert.equal(term.statusCode, 200)
    assert.match(term.json()['@id'], new RegExp(`/vocabulary/${id}$`))
  }
  const page = await of.p.http.inject({ url: '/vocabulary/batteryMass', headers: { accept: 'text/html' } })
  assert.match(page.body, /<h1>.*mass/i)
  assert.equal((await of.p.http.inject('/vocabulary/nothing')).statusCode, 404)
  await publish()
  const read = (await of.p.http.inject(`/v1/dpps/${encodeURIComponent(id)}`)).json()
  const did = await of.p.http.inject(`/operators/${read.economicOperatorId.split(':').at(-1)}/did.json`)
  assert.equal(did.json().id, read.economicOperatorId)
})

test('EN 18222 describes itself, each operation by its name', async t => {
  const { of } = await setUp(t)
  const document = (await of.p.http.inject('/v1/openapi.json')).json()
  const names = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
    .flatMap(Object.values)
    .map(({ operationId }: { operationId: string }) => operationId)
  assert.deepEqual(names.sort(), [
    'createDPP',
    'deleteDPPById',
    'readDPPById',
    'readDPPByProductId',
    'readDPPIdsByProductIds',
    'readDPPVersionByIdAndDate',
    'readDataElement',
    'updateDPPById',
    'updateDataElement',
  ])
  assert.ok(document.paths['/v1/dpps/{dppId}'].patch.requestBody.content['application/merge-patch+json'])
})

test('what is not there below /v1 is told to machines by a Result, to a browser by a page', async t => {
  const { of } = await setUp(t)
  const ask = (headers: Record<string, string>) => of.p.http.inject({ url: '/v1/nothing', headers })
  const told = await ask({})
  assert.deepEqual([told.statusCode, told.json().messages[0].code], [404, 'route_unknown'])
  const shown = await ask({ accept: 'text/html' })
  assert.equal(shown.statusCode, 404)
  assert.match(shown.body, /<h1>/)
})

test('a merge patch is as RFC 7396 says, by its own table', () => {
  const table: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of table) assert.deepEqual(mergePatch(target, patch), result)
  assert.deepEqual(nodeAt({ a: [{ "b'\n": 1 }] }, stepsOf("$['a'][0]['b\\'\\n']")), 1)
  assert.deepEqual(withNode({ a: [1, 2] }, ['a', 1], 3), { a: [1, 3] })
})
