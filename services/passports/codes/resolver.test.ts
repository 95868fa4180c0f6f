import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { forms } from '../public/forms.ts'
import { keyOf, passportIdOf, publicIdOf } from './codes.ts'
import { open } from '../testing.ts'

const gtin = '09506000134352'
const coded = (path: string, more: object = {}) => ({
  attributes: {
    uniqueBatteryIdentifier: { value: `https://id.example.com${path}` },
    batteryCategory: { value: 'EV' },
    batteryModelIdentifier: { value: 'M1' },
    ...more,
  },
})

test('a public id is 26 characters and its passport again, whatever the case; what is neither is nothing', () => {
  for (const id of [newId(), '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
    assert.match(publicIdOf(id), /^[0-9a-z]{26}$/)
    assert.equal(passportIdOf(publicIdOf(id).toUpperCase()), id)
    assert.equal(passportIdOf(id), id)
  }
  for (const wrong of ['', 'x', 'z'.repeat(26), 'l'.repeat(26), '0'.repeat(27), "' or 1=1"])
    assert.equal(passportIdOf(wrong), undefined)
  assert.equal(keyOf('https://a.example/x/01/9506000134352/21/S1'), `/01/${gtin}/21/S1`)
  assert.equal(keyOf('BP-1'), undefined, 'unique with its owner alone')
})

test('a code opens the page of its battery, by GS1 Digital Link in any order and length, and the query goes along', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(coded(`/01/${gtin}/21/A(10)B`))
  const go = async (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') => {
    const answer = await p.http.inject({ method, url, headers })
    return { status: answer.statusCode, to: answer.headers.location, headers: answer.headers, text: answer.body }
  }
  const code = `/01/${gtin}/21/A(10)B`
  assert.equal((await go(code)).status, 404, 'a draft is not there')
  assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  const page = `/passport/${publicIdOf(id)}`
  const led = await go(`${code}?lang=mt&x=1`, { host: 'evil.example' })
  assert.deepEqual([led.status, led.to], [307, `${page}?lang=mt&x=1`])
  assert.match(String(led.headers.link), /rel="linkset"/)
  assert.doesNotMatch(String(led.headers.link), /evil/)
  assert.equal(led.headers['access-control-allow-origin'], '*')
  assert.deepEqual([(await go(code, {}, 'HEAD')).status, (await go(`/id/${publicIdOf(id)}`)).to], [307, page])
  assert.equal((await go(page)).status, 200)
  const short = await go('/01/9506000134352/21/A(10)B?linkType=all')
  assert.deepEqual([short.status, short.to], [308, `${code}?linkType=all`])
  assert.equal((await go(`/01/${gtin}/21/S/10/L`)).to, `/01/${gtin}/10/L/21/S`)
  for (const wrong of [
    '/01/09506000134353',
    '/01/1',
    `/01/${gtin}/99/x`,
    `/01/${gtin}/21/${'x'.repeat(21)}`,
    '/8004/%ff',
  ])
    assert.equal((await go(wrong)).status, 400, wrong)
  assert.equal((await go(`${code}?${'x'.repeat(4000)}`)).status, 307, 'a 4,000-character query string')
})

test('links by type and as a linkset name what is open to everybody, and no type that GS1 has not', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { id } = await ada.make(coded('/8004/0095060001343AB'))
  await ada.post(`/${id}/publish`)
  const get = (query: string, accept?: string) =>
    p.http.inject({ url: `/8004/0095060001343AB${query}`, headers: accept ? { accept } : {} })
  for (const answer of [
    await get('?linkType=linkset'),
    await get('?linkType=all'),
    await get('', 'application/linkset+json'),
  ]) {
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['content-type'], 'application/linkset+json')
    const [set] = answer.json().linkset
    assert.match(set.anchor, /^http:\/\/[^/]+\/8004\/0095060001343AB$/)
    assert.match(set['https://ref.gs1.org/voc/dpp'][0].href, new RegExp(`/passport/${publicIdOf(id)}$`))
    assert.equal(set.dpp[0].hreflang.length, 24)
  }
  for (const type of ['gs1:dpp', 'dpp', 'https://ref.gs1.org/voc/dpp', 'gs1:pip', 'gs1:defaultLink'])
    assert.equal((await get(`?linkType=${encodeURIComponent(type)}`)).statusCode, 307, type)
  for (const type of ['gs1:recyclingInfo', 'gs1:safetyInfo', 'nothing'])
    assert.deepEqual(
      [(await get(`?linkType=${type}`)).statusCode, (await get(`?linkType=${type}`)).json().code],
      [404, 'link_type_unknown'],
    )
  const known = (await p.http.inject('/.well-known/gs1resolver')).json()
  assert.ok(known.supportedPrimaryKeys.includes('01') && known.supportedLinkType[0].linkTypes.includes('gs1:dpp'))
})

test('a code opens for ever: after two corrections and a sale it leads to its battery, and never to another one', async t => {
  const { p, as } = await open(t)
  const [ada, eve] = [as(), as()]
  const { id } = await ada.make(coded(`/01/${gtin}/21/S1`))
  const other = await eve.make(coded(`/01/${gtin}/21/S1`))
  await ada.post(`/${id}/publish`)
  const refused = await eve.post(`/${other.id}/publish`)
  assert.deepEqual([refused.status, refused.body.code], [409, 'battery_identifier_taken'])
  assert.ok(!refused.text.includes(id), 'and not whose')
  assert.equal((await ada.put(`/${id}`, { data: coded(`/01/${gtin}/21/S2`) })).body.code, 'identifier_kept')
  for (const serial of ['S2', 'S3'])
    assert.equal((await ada.put(`/${id}`, { data: coded(`/01/${gtin}/21/${serial}`), reason: 'Misprint' })).status, 200)
  assert.equal((await eve.put(`/${other.id}`, { data: coded(`/01/${gtin}/21/S2`) })).status, 200)
  assert.equal((await eve.post(`/${other.id}/publish`)).status, 409, 'what was printed once is nobody else’s')
  await ada.delete(`/${id}`)
  for (const serial of ['S1', 'S2', 'S3'])
    assert.equal((await p.http.inject(`/01/${gtin}/21/${serial}`)).headers.location, `/passport/${publicIdOf(id)}`)
  // A correction back to what it was before is the same battery's still.
})

test('of two that publish one identifier at once one has it', async t => {
  const { as } = await open(t)
  const clients = [as(), as()]
  const made = await Promise.all(clients.map(client => client.make(coded(`/01/${gtin}/21/R`))))
  const answers = await Promise.all(clients.map((client, at) => client.post(`/${made[at].id}/publish`)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
})

test('a serial that does not exist is 404 with the way to the model, never the model as if it were that battery', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const { status, body: model, text } = await ada.post('', { data: coded(`/01/${gtin}`), granularity: 'model' })
  assert.equal(status, 201, text)
  assert.equal((await ada.post(`/${model.id}/publish`)).status, 200)
  const missing = await p.http.inject({ url: `/01/${gtin}/21/NONE`, headers: { 'accept-language': 'fr' } })
  assert.equal(missing.statusCode, 404)
  assert.match(missing.body, /Il n’existe aucune batterie/)
  assert.match(missing.body, new RegExp(`/passport/${publicIdOf(model.id)}`))
  assert.equal((await p.http.inject(`/id/${publicIdOf(newId())}`)).statusCode, 404)
  assert.equal((await p.http.inject('/passport/nothing')).statusCode, 404)
})

test('who tries out serials is told to wait, by page and by code; whoever opens what exists never is', async t => {
  const { p, as } = await open(t, { environment: { RATE_LIMIT_FACTOR: '1' } })
  const ada = as()
  const { id } = await ada.make(coded(`/01/${gtin}/21/REAL`))
  await ada.post(`/${id}/publish`)
  const go = async (url: string, remoteAddress: string) => {
    const { statusCode, headers, body } = await p.http.inject({ url, remoteAddress })
    return { status: statusCode, headers, body }
  }
  const real = [
    `/01/${gtin}/21/REAL`,
    `/id/${publicIdOf(id)}`,
    `/passport/${publicIdOf(id)}`,
    `/passport/${id}?lang=mt`,
  ]
  const opened = async (from: string) => {
    for (const url of real) assert.ok([200, 307].includes((await go(url, from)).status), `${url} from ${from}`)
  }
  const guesses = [
    (number: number) => `/01/${gtin}/21/G${number}`,
    () => `/id/${publicIdOf(newId())}`,
    () => `/passport/${newId()}`,
    (number: number) => `/passport/guess-${number}`,
  ]
  // One has the whole /64 to come from; an address of IPv4 is the same in the clothes of IPv6.
  for (const [at, from] of [
    (number: number) => `2001:db8:1:1::${number.toString(16)}`,
    (number: number) => (number % 2 ? '192.0.2.7' : '::ffff:192.0.2.7'),
  ].entries()) {
    const statuses = []
    for (let number = 1; number <= 300; number++) {
      statuses.push((await go(guesses[number % guesses.length]!(number), from(number))).status)
      if (number % 50 === 0) await opened(from(number))
    }
    assert.deepEqual(statuses, [...Array(60).fill(404), ...Array(240).fill(429)], `place ${at}`)
    const refused = await go(guesses[0]!(301), from(301))
    assert.match(String(refused.headers['retry-after']), /^([1-9]|[1-5]\d|60)$/)
    assert.doesNotMatch(refused.body, new RegExp(id))
  }
  for (let visit = 0; visit < 40; visit++) await opened('2001:db8:1:1::1')
  for (const elsewhere of ['192.0.2.8', '2001:db8:1:2::1'])
    assert.equal((await go(guesses[0]!(1), elsewhere)).status, 404, 'others are not asked to wait')
})

test('the page is HTML, JSON of EN 18223, JSON-LD or PDF by what is accepted, with the same public values; of another form it names what there is', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const values = { batteryMass: { value: '450.50', unit: 'kg' }, batteryStatus: { value: 're-used' } }
  const { id } = await ada.make(coded('/8004/1', values))
  await ada.post(`/${id}/publish`)
  const get = (accept: string, more = {}) =>
    p.http.inject({ url: `/passport/${publicIdOf(id)}`, headers: { accept, ...more } })
  const json = await get('application/json')
  assert.equal(json.headers['content-type'], 'application/json')
  assert.match(json.body, /"batteryMass":450\.50\b/, 'with the digits that were given')
  const standard = await p.http.inject({ url: `/v1/dpps/${encodeURIComponent(`urn:uuid:${id}`)}` })
  assert.deepEqual(json.json(), standard.json(), 'what EN 18222 answers')
  const linked = (await get('application/ld+json;q=0.9, text/html;q=0.5')).json()
  assert.equal(linked.batteryMass.unit, 'kg')
  assert.match(linked['@id'], new RegExp(`/id/${publicIdOf(id)}$`))
  for (const body of [json.body, JSON.stringify(linked)]) assert.doesNotMatch(body, /re-used|batteryStatus/)
  for (const accept of ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', '*/*', 'text/*'])
    assert.match(String((await get(accept)).headers['content-type']), /^text\/html/, accept)
  const none = await get('image/png')
  assert.deepEqual([none.statusCode, none.body.match(/\w+\/[\w+]+/g)], [406, [...forms]])
  const tags = new Set<unknown>()
  for (const form of forms) {
    const { headers } = await get(form)
    tags.add(headers.etag)
    assert.deepEqual([headers.vary, headers['cache-control']], ['accept, accept-language', 'public, max-age=60'], form)
    assert.equal((await get(form, { 'if-none-match': headers.etag })).statusCode, 304, form)
  }
  assert.equal(tags.size, forms.length, 'no form is taken for another')
})

test('a battery that needs no passport has a page that never calls itself one', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const industrial = (amperehours: string) => ({
    batteryCategory: { value: 'industrial' },
    ratedCapacity: { value: amperehours, unit: 'Ah' },
    nominalVoltage: { value: '100', unit: 'V' },
  })
  for (const [code, says, isPassport] of [
    ['2', { batteryCategory: { value: 'SLI' } }, false],
    ['3', { batteryCategory: { value: 'portable' } }, false],
    // Of 2 kWh none is asked for yet: Art. 77(1) says above.
    ['4', industrial('19.9'), false],
    ['5', industrial('20'), false],
    ['6', industrial('20.01'), true],
  ] as const) {
    const { id } = await ada.make(coded(`/8004/${code}`, says))
    assert.equal((await ada.post(`/${id}/publish`)).status, 200, code)
    const page = await p.http.inject({ url: `/passport/${id}?lang=en` })
    assert.equal(page.statusCode, 200)
    assert.equal(/Battery information/.test(page.body), !isPassport, code)
    assert.equal(/passport/i.test(page.body.replaceAll('/api/passports/', '')), isPassport, code)
  }
})
