import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '#kernel'
import { member, open } from '../testing.ts'

const product = 'https://id.example.com/01/09521002005004/21/A'
const massAt = "$['identity']['batteryMass']"
const words = {
  uniqueProductIdentifier: product,
  identity: { batteryCategory: 'EV', batteryModelIdentifier: 'M1', batteryMass: 450 },
}

/** Each operation: how it is asked for, and with what. */
const operations = [
  ['ReadDPPById', 'GET', '/dpps/{id}'],
  ['ReadDPPByProductId', 'GET', '/dppsByProductId/{product}'],
  ['ReadDPPVersionByIdAndDate', 'GET', '/dppsByIdAndDate/{id}?date=2099-01-01T00:00:00Z'],
  ['ReadDPPIdsByProductIds', 'POST', '/dppsByProductIds', [product]],
  ['CreateDPP', 'POST', '/dpps', {}],
  ['UpdateDPPById', 'PATCH', '/dpps/{id}', {}],
  ['DeleteDPPById', 'DELETE', '/dpps/{id}'],
  ['ReadDataElement', 'GET', '/dpps/{id}/elements/{path}'],
  ['UpdateDataElement', 'PATCH', '/dpps/{id}/elements/{path}', 450],
] as const
type Name = (typeof operations)[number][0]
const taking = (part: string) => operations.flatMap(([name, , path]) => (path.includes(part) ? [name] : []))

interface Asked {
  id?: string
  product?: string
  path?: string
  method?: string
  type?: string | null
  query?: string
  body?: unknown
}

async function setUp(t: TestContext) {
  const { p, as } = await open(t)
  const owner = member(newId(), 'editor')
  const headers = p.signedIn(owner)
  const ask = async (name: Name, asked: Asked = {}) => {
    const [, method, address, body] = operations.find(([one]) => one === name)!
    const payload = 'body' in asked ? asked.body : body
    const patch = name === 'UpdateDPPById' ? 'application/merge-patch+json' : 'application/json'
    const { type = payload === undefined ? null : patch } = asked
    const [path, query] = address.split('?')
    const filled = path!
      .replace('{id}', asked.id ?? encodeURIComponent(`urn:uuid:${id}`))
      .replace('{product}', asked.product ?? encodeURIComponent(product))
      .replace('{path}', asked.path ?? encodeURIComponent(massAt))
    const {
      statusCode,
      headers: answered,
      body: text,
    } = await p.http.inject({
      method: (asked.method ?? method) as 'GET',
      url: `/v1${filled}?${asked.query ?? query ?? ''}`,
      headers: { ...headers, ...(type && { 'content-type': type }) },
      ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    })
    const isJson = /json/.test(String(answered['content-type']))
    return { status: statusCode, headers: answered, text, body: isJson ? JSON.parse(text) : undefined }
  }
  let id = newId()
  const made = await ask('CreateDPP', { body: words })
  assert.equal(made.status, 201, made.text)
  id = made.body.digitalProductPassportId.slice(9)
  assert.equal((await as(owner).post(`/${id}/publish`)).status, 200)
  const refuses = async (name: Name, asked: Asked, status: number, code: string) => {
    const answer = await ask(name, asked)
    const what = `${name} ${JSON.stringify(asked).slice(0, 200)}: ${answer.text.slice(0, 300)}`
    assert.deepEqual([answer.status, answer.body?.messages?.[0]?.code], [status, code], what)
    assert.match(String(answer.headers['content-type']), /^application\/json/, what)
    return answer
  }
  return { p, as, owner, id, ask, refuses }
}

test('each operation of EN 18222 with each wrong method and media type', async t => {
  const { ask, refuses } = await setUp(t)
  for (const [name, , path] of operations) {
    const known = operations.flatMap(([, method, other]) => (other === path ? [method as string] : []))
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
      if (!known.includes(method)) {
        const { headers } = await refuses(name, { method, body: undefined }, 405, 'method_not_allowed')
        assert.deepEqual(String(headers.allow).split(', ').toSorted(), known.toSorted(), `${method} ${path}`)
      }
  }
  const types = ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'application/jsonx', '']
  for (const name of ['ReadDPPIdsByProductIds', 'CreateDPP', 'UpdateDPPById', 'UpdateDataElement'] as const) {
    const other = name === 'UpdateDPPById' ? 'application/json' : 'application/merge-patch+json'
    for (const type of [...types, 'multipart/form-data; boundary=x', other])
      await refuses(name, { type }, 415, 'content_type_unsupported')
    for (const body of ['{', '', '[1,]', '{"a":1,"a":2}', `${'['.repeat(200)}${']'.repeat(200)}`]) {
      const { status } = await ask(name, { body })
      assert.equal(status, 400, `${name} ${body.slice(0, 20)}`)
    }
  }
  assert.equal((await ask('UpdateDPPById', { type: 'Application/Merge-Patch+JSON; charset=utf-8' })).status, 200)
})

test('each operation of EN 18222 with each wrong id, and with each way to write the right one', async t => {
  const { ask, id, refuses } = await setUp(t)
  const urn = `urn:uuid:${id}`
  const twice = (text: string) => encodeURIComponent(encodeURIComponent(text))
  for (const name of taking('{id}')) {
    for (const wrong of [
      newId(),
      `urn:uuid:${newId()}`,
      twice(urn),
      'nothing',
      `${id}0`,
      encodeURIComponent(`did:web:example.com:${id}`),
      encodeURIComponent(`https://evil.example/passport/${id}`),
      encodeURIComponent(`../${id}`),
      '%00',
      '%C3%A9',
    ])
      await refuses(name, { id: wrong }, 404, 'passport_unknown')
    for (const [wrong, status] of [
      ['%ff', 400],
      ['%', 400],
      ['%zz', 400],
      ['x'.repeat(501), 400],
    ] as const)
      assert.equal((await ask(name, { id: wrong })).status, status, `${name} ${wrong.slice(0, 9)}`)
    if (name === 'DeleteDPPById') continue
    for (const right of [urn, id, id.toUpperCase(), `URN:UUID:${id.toUpperCase()}`])
      assert.equal((await ask(name, { id: encodeURIComponent(right) })).status, 200, `${name} ${right}`)
  }
  for (const wrong of ['nothing', twice(product), encodeURIComponent(product.toUpperCase())])
    await refuses('ReadDPPByProductId', { product: wrong }, 404, 'passport_unknown')
  await refuses('ReadDPPByProductId', { product: '%00' }, 400, 'text_invalid')
  for (const name of taking('{path}'))
    for (const wrong of [
      '$',
      '$.identity.batteryMass',
      "$['identity'][*]",
      "$['identity']..['batteryMass']",
      "$['identity']['batteryMass','batteryCategory']",
      "$['identity'][?@.a]",
      "$['identity'][-1]",
      "$['identity'][0:1]",
      "$['identity'][01]",
      '$["identity"]["batteryMass"]',
      " $['identity']",
      "$['identity'",
      "$['\\u0041']",
      '../..',
      "['identity']",
      `$${"['a']".repeat(65)}`,
    ])
      await refuses(name, { path: encodeURIComponent(wrong) }, 400, 'element_path_invalid')
  for (const name of taking('{path}')) {
    await refuses(name, { path: twice(massAt) }, 400, 'element_path_invalid')
    for (const nowhere of ["$['identity']['nothing']", "$['nothing']", "$['identity'][0]", "$['__proto__']"])
      await refuses(name, { path: encodeURIComponent(nowhere) }, 404, 'element_unknown')
  }
})

test('each operation of EN 18222 with each wrong date, cursor, limit, form and question', async t => {
  const { ask, refuses } = await setUp(t)
  const invalid = async (name: Name, query: string) => await refuses(name, { query }, 400, 'request_invalid')
  const good = '2099-01-01T00:00:00Z'
  for (const date of [
    '',
    '2027-03-01',
    '2027-03-01T10:00:00',
    '2027-02-30T10:00:00Z',
    '2027-03-01T24:01:00Z',
    '2027-03-01T10:00:00+25:00',
    '01.03.2027',
    '1772359200',
    'now',
    `${good}&date=${good}`,
  ])
    await invalid('ReadDPPVersionByIdAndDate', `date=${date}`)
  await invalid('ReadDPPVersionByIdAndDate', '')
  await refuses('ReadDPPVersionByIdAndDate', { query: 'date=2020-01-01T00:00:00Z' }, 404, 'version_unknown')
  assert.equal((await ask('ReadDPPVersionByIdAndDate', { query: 'date=2098-12-31T23:00:00-02:00' })).status, 200)
  for (const limit of ['0', '101', '-1', '1.5', 'x', '', '9'.repeat(30)])
    await invalid('ReadDPPIdsByProductIds', `limit=${limit}`)
  const cursor = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString('base64url')
  for (const wrong of ['x', cursor(['a']), cursor([-1]), cursor([1, 2]), cursor({}), cursor([1.5]), '%00'])
    await refuses('ReadDPPIdsByProductIds', { query: `cursor=${wrong}` }, 400, 'cursor_invalid')
  await invalid('ReadDPPIdsByProductIds', `cursor=${'x'.repeat(1001)}`)
  for (const body of [{}, { productIds: 'x' }, { productIds: [1] }, [1], [''], 5, Array(1001).fill('x')])
    await refuses('ReadDPPIdsByProductIds', { body }, 400, 'request_invalid')
  for (const [name, method, path] of operations) {
    await invalid(name, `${path.split('?')[1] ?? ''}&nobody=knows`)
    if (path === '/dppsByProductIds' || method === 'DELETE') continue
    await invalid(name, `${path.split('?')[1] ?? ''}&representation=half`)
    const query = `${path.split('?')[1] ?? ''}&representation=FULL`
    if (method === 'GET') assert.equal((await ask(name, { query })).status, 200, name)
    else await refuses(name, { query }, 501, 'representation_not_written')
  }
})

test('ids by product come page by page, each once', async t => {
  const { ask } = await setUp(t)
  const wanted = [product]
  for (let at = 0; at < 4; at++) {
    wanted.push(`${product}${at}`)
    assert.equal(
      (await ask('CreateDPP', { body: { ...words, uniqueProductIdentifier: `${product}${at}` } })).status,
      201,
    )
  }
  const found: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const query = `limit=2${cursor && `&cursor=${cursor}`}`
    const { status, body, text } = await ask('ReadDPPIdsByProductIds', { query, body: { productIds: wanted } })
    assert.equal(status, 200, text)
    assert.ok(body.items.length <= 2)
    found.push(...body.items)
    ;({ cursor } = body)
  }
  assert.deepEqual([found.length, new Set(found).size], [5, 5])
})

test('Item, Batch and Model are understood in any letters, and so are the other spellings of the head', async t => {
  const { ask, refuses } = await setUp(t)
  for (const [number, [given, told]] of [
    ['item', 'Item'],
    ['BATCH', 'Batch'],
    ['Batch', 'Batch'],
    ['model', 'Model'],
    ['MODEL', 'Model'],
    [null, 'Item'],
  ].entries()) {
    const body = { uniqueProductIdentifier: `G${number}`, granularity: given, identity: { batteryCategory: 'EV' } }
    const made = await ask('CreateDPP', { body })
    assert.equal(made.status, 201, made.text)
    const id = encodeURIComponent(made.body.digitalProductPassportId)
    const { text, body: read } = await ask('ReadDPPById', { id })
    assert.equal(read.granularity, told)
    for (const same of [
      read,
      JSON.parse(text.replace('"lastUpdate"', '"lastUpdated"')),
      { ...read, granularity: told!.toUpperCase(), dppStatus: read.dppStatus.toUpperCase(), lastUpdate: '2020-01-01' },
      { granularity: told!.toLowerCase(), contentSpecificationIds: [] },
    ]) {
      const patched = await ask('UpdateDPPById', { id, body: same })
      assert.equal(patched.status, 200, patched.text)
      assert.deepEqual(patched.body, read, 'it says what it said')
    }
  }
  for (const granularity of ['Items', '', 1, [], ' Item'])
    await refuses('CreateDPP', { body: { ...words, granularity } }, 400, 'element_unfit')
  await refuses('CreateDPP', { body: { ...words, digitalProductPassportId: newId() } }, 400, 'element_unfit')
  for (const head of ['dppStatus', 'dppSchemaVersion', 'economicOperatorId', 'digitalProductPassportId'])
    for (const value of ['other', null, 5])
      await refuses('UpdateDPPById', { body: { [head]: value } }, 409, 'head_kept')
})

test('a patch of a megabyte is refused and changes nothing, whatever fills it', async t => {
  const { ask } = await setUp(t)
  const before = (await ask('ReadDPPById')).text
  const long = 'x'.repeat(1024 * 1024)
  for (const [body, status] of [
    [{ identity: { manufacturerInformation: { name: long } } }, 413],
    [{ identity: { manufacturerInformation: { name: long.slice(2_000) } } }, 400],
    [{ identity: Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`a${at}`, 1])) }, 400],
    [{ identity: { batteryMass: `RAW${'9'.repeat(900_000)}` } }, 400],
    [{ materials: { criticalRawMaterials: Array.from({ length: 60_000 }, () => ({ name: 'x' })) } }, 400],
  ] as const) {
    const answer = await ask('UpdateDPPById', { body: JSON.stringify(body).replace(/"RAW(\d+)"/, '$1') })
    assert.equal(answer.status, status, answer.text.slice(0, 300))
    assert.ok(answer.body.messages[0].text.length < 2_000, 'nor is it sent back')
  }
  assert.equal((await ask('ReadDPPById')).text, before)
})

test('a read by the date of a version gives that version, also while the next ones are written', async t => {
  const { ask } = await setUp(t)
  const written: { text: string; lastUpdate: string }[] = []
  const read = async ({ lastUpdate, text }: (typeof written)[number]) => {
    const { status, text: then } = await ask('ReadDPPVersionByIdAndDate', { query: `date=${lastUpdate}` })
    assert.deepEqual([status, then], [200, text])
  }
  for (let mass = 1; mass <= 10; mass++) {
    const [patched] = await Promise.all([
      ask('UpdateDPPById', { body: `{"identity":{"batteryMass":${mass}.${mass}0}}` }),
      ...written.slice(-3).map(read),
    ])
    assert.equal(patched.status, 200, patched.text)
    written.push({ text: patched.text, lastUpdate: patched.body.lastUpdate })
  }
  for (const one of written) await read(one)
})
