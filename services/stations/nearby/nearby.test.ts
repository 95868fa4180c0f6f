import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedStations } from '../../../tools/demo/stations.ts'
import { described, open } from '../testing.ts'
import { classOf, kindOf, powerClasses } from './spots.ts'
import { ConnectorStandard } from '#contracts/stations'

test('stations are found around a position, the nearest first, by connector and power', async t => {
  const { operator, as } = await open(t)
  const mine = operator()
  const at = (name: string, latitude: number, longitude: number, more: object = {}) =>
    mine.make({ name, coordinates: { latitude, longitude }, ...more })
  const one = (standard: string, maxPowerW: number) => ({
    evses: [{ evse: 1, connectors: [{ connector: 1, standard, maxPowerW }] }],
  })
  await at('far', 52.56, 13.405)
  await at('near', 52.521, 13.405, one('IEC_62196_T2', 22_000))
  await at('middle', 52.53, 13.405, one('IEC_62196_T2_COMBO', 120_000))
  await at('hidden', 52.5201, 13.405, { public: false })
  const { id: gone } = await at('gone', 52.5202, 13.405)
  await mine.delete(`/${gone}`)

  const driver = as()
  const found = async (query: string) => {
    const { status, text, body } = await driver.get(`/nearby?lat=52.52&lon=13.405&${query}`)
    assert.equal(status, 200, text)
    return body.items.map(({ name }: { name: string }) => name)
  }
  assert.deepEqual(await found(''), ['near', 'middle', 'far'])
  assert.deepEqual(await found('limit=1'), ['near'])
  assert.deepEqual(await found('radius=1200'), ['near', 'middle'])
  assert.deepEqual(await found('radius=1000'), ['near'])
  assert.deepEqual(await found('connector=IEC_62196_T2_COMBO'), ['middle', 'far'])
  assert.deepEqual(await found('connector=IEC_62196_T2_COMBO&minPowerW=130000'), ['far'])
  assert.deepEqual(await found('minPowerW=22000'), ['near', 'middle', 'far'])
  assert.deepEqual(await found('minPowerW=22001'), ['middle', 'far'])
  assert.deepEqual(await found('available=true'), [])
  const [nearest] = (await driver.get('/nearby?lat=52.52&lon=13.405')).body.items
  assert.ok(Math.abs(nearest.distanceM - 111) < 2)
  assert.equal((await driver.get('/nearby?lat=91&lon=0')).status, 400)
})

test('over the date line and by the pole neighbours are near', async t => {
  const { operator, as } = await open(t)
  const mine = operator()
  await mine.make({ name: 'east', coordinates: { latitude: -17, longitude: 179.999 } })
  await mine.make({ name: 'pole', coordinates: { latitude: 89.99, longitude: 0 } })
  const found = async (lat: number, lon: number) =>
    (await as().get(`/nearby?lat=${lat}&lon=${lon}`)).body.items.map(({ name }: { name: string }) => name)
  assert.deepEqual(await found(-17, -179.999), ['east'])
  assert.deepEqual(await found(89.99, 180), ['pole'])
})

test('open now is by the clock of the station, with its exceptions', async t => {
  let now = new Date('2027-02-15T07:30:00.000Z')
  const { operator, as } = await open(t, { now: () => now })
  const openingTimes = {
    twentyFourSeven: false,
    regular: [
      { weekday: 1, from: '08:00', to: '20:00' },
      { weekday: 7, from: '22:00', to: '02:00' },
    ],
    alsoOpen: [{ from: '2027-02-16T10:00:00Z', to: '2027-02-16T11:00:00Z' }],
    closed: [{ from: '2027-02-15T12:00:00Z', to: '2027-02-15T13:00:00Z' }],
  }
  const { userId } = { userId: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d' }
  await operator({ userId }).make({ ...described, openingTimes })
  await operator({ userId }).make({ name: 'always', coordinates: { latitude: 52.53, longitude: 13.4 } })
  for (const [time, isOpen] of [
    ['2027-02-15T06:59:00Z', false],
    ['2027-02-15T07:00:00Z', true],
    ['2027-02-15T12:30:00Z', false],
    ['2027-02-15T18:59:59Z', true],
    ['2027-02-15T19:00:00Z', false],
    ['2027-02-15T00:30:00Z', true],
    ['2027-02-15T01:00:00Z', false],
    ['2027-02-16T10:30:00Z', true],
  ] as const) {
    now = new Date(time)
    const { body } = await as().get('/nearby?lat=52.52&lon=13.405&openNow=true')
    const names = body.items.map(({ name }: { name: string }) => name)
    assert.deepEqual([time, names], [time, isOpen ? ['Market square', 'always'] : ['always']])
  }
})

test('no two kinds of connector and power share a number', () => {
  const kinds = [null, ...(ConnectorStandard.enum as readonly unknown[] as never[])].flatMap(standard =>
    powerClasses.map(least => kindOf(standard, least)),
  )
  assert.equal(new Set(kinds).size, kinds.length)
  assert.deepEqual([0, 21_999, 22_000, 149_999, 10_000_000].map(classOf), [0, 0, 22_000, 50_000, 150_000])
})

test('people find public stations at a page: by words, plug, power and what is free now, in their language', async t => {
  const { operator, nobody, db } = await open(t)
  const mine = operator()
  const one = (standard: string, maxPowerW: number) => ({
    evses: [{ evse: 1, connectors: [{ connector: 1, standard, maxPowerW }] }],
  })
  const place = { street: 'Am <Hafen> 1', postalCode: '20457', city: 'Hamburg', country: 'DEU' }
  const strong = await mine.make({ name: 'Strong', address: place, ...one('IEC_62196_T2_COMBO', 300_000) })
  const weak = await mine.make({ name: 'Weak', address: place, ...one('IEC_62196_T2', 11_000) })
  await mine.make({ name: 'Bare', address: place, evses: [] })
  await mine.make({ name: 'Hidden', address: place, public: false })
  await db`update connectors set available = true where station_id = ${weak.id}`
  await db`update stations set online = true where id = ${weak.id}`

  const page = async (query: string, language = 'en') => {
    const answer = await nobody.page(`/charge${query}`, undefined, { 'accept-language': language })
    assert.equal(answer.status, 200, answer.text)
    return answer.text
  }
  const found = async (query: string) =>
    [...(await page(query)).matchAll(/<h2><a [^>]*>([^<]*)/g)].map(([, name]) => name)
  // What is free comes first, then the strongest.
  assert.deepEqual(await found(''), ['Weak', 'Strong', 'Bare'])
  assert.deepEqual(await found('?q=hamb+2045'), ['Weak', 'Strong', 'Bare'])
  assert.deepEqual(await found('?q=stro&connector=&minPowerW=0'), ['Strong'])
  assert.deepEqual(await found('?q=%22%27%26%7C%21%28'), ['Weak', 'Strong', 'Bare'], 'signs are no words')
  assert.deepEqual(await found('?connector=IEC_62196_T2_COMBO'), ['Strong'])
  assert.deepEqual(await found('?minPowerW=22000'), ['Strong'])
  assert.deepEqual(await found('?available=true'), ['Weak'])
  assert.deepEqual(await found('?q=nowhere'), [])
  assert.match(await page('?q=nowhere'), /No station fits/)
  const text = await page('?q=<hamburg>', 'de')
  for (const part of [
    `/stations/${strong.id}`,
    'Am &#60;Hafen&#62; 1, 20457 Hamburg',
    '1 von 1 frei',
    'value="&#60;hamburg&#62;"',
  ])
    assert.ok(text.includes(part), part)
  assert.equal((await nobody.page('/charge?connector=FAX')).status, 400)
})

test('those of the demo are found where they stand, with what they have', async t => {
  const { operator, nobody } = await open(t)
  const mine = operator()
  const client = async (_: string, path: string, body?: object) => {
    const answer = await mine.post(path.slice('/api/stations'.length), body)
    assert.equal(answer.status, 201, answer.text)
    return answer.body
  }
  await seedStations(client, '', false)
  const { text } = await nobody.page('/charge?q=Regensburg')
  assert.match(text, /Haidplatz 4, 93047 Regensburg/)
  assert.match(text, /Typ 2 \/ Type 2, 22 kW/)
})
