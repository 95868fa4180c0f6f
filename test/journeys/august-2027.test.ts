import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { notSplit, oneProcess, openCode, people, split, type Open } from './batteries.ts'

const report = { value: { title: 'Due diligence 2026', url: 'https://example.com/due-diligence.pdf' } }
const studied = { value: '61.5', unit: 'kg CO2e/kWh' }

async function august(t: TestContext, open: Open): Promise<void> {
  // Before the Commission published the second version of its guidance.
  let at = new Date('2026-08-10T09:00:00Z')
  const site = await open(t, () => at)
  const go = (to: string): void => {
    at = new Date(to)
    site.tick()
  }
  const mara = await people(site).operator('Mara', 'Donau Batteriewerk GmbH', 'manufacturer', '4012345000009')
  // They owe due diligence, as they declare.
  await mara.get(200, 'PATCH /api/passports/settings', { dueDiligence: 'owed' })
  const make = async (identifier: string, attributes: object) => {
    const said = { uniqueBatteryIdentifier: { value: identifier }, batteryModelIdentifier: { value: 'VOLT-EV-82' } }
    const data = { attributes: { ...said, batteryCategory: { value: 'EV' }, ...attributes } }
    const { id } = await mara.get(201, 'POST /api/passports', { data })
    await mara.get(200, `POST /api/passports/${id}/publish`)
    return id as string
  }
  const ready = await make('https://id.example.com/01/09506000134352/21/D1', { dueDiligenceReport: report })
  const other = await make('https://id.example.com/01/09506000134352/21/D2', {
    recycledCobaltPreConsumer: { value: '12', unit: '%' },
    carbonFootprintPerFunctionalUnit: studied,
  })
  assert.equal((await mara.get(200, 'GET /api/passports/rules')).current, 'ec-1.0')
  const finding = async (id: string, dataPoint: number, query = '') => {
    const { items, ruleSet } = await mara.get(200, `GET /api/passports/${id}/readiness?${query}`)
    return [ruleSet, items.find((one: { dataPoint: number }) => one.dataPoint === dataPoint)?.finding]
  }
  const [set, early] = await finding(other, 20)
  assert.equal(set, 'ec-1.0')

  // It arrives, and what it changes is shown: four data points, and no passport became another one.
  go('2026-08-16T09:00:00Z')
  await mara.again()
  assert.equal((await mara.get(200, 'GET /api/passports/rules')).current, 'ec-2.0')
  const { cells } = await mara.get(200, 'GET /api/passports/rules/ec-2.0?against=ec-1.0')
  assert.deepEqual([...new Set(cells.map(({ dataPoint }: { dataPoint: number }) => dataPoint))], [20, 21, 22, 23])
  assert.ok(cells.every(({ was, status }: { was: string; status: string }) => was && was !== status))
  assert.deepEqual(await finding(other, 20, 'set=ec-1.0'), ['ec-1.0', early], 'the former is still to be asked')
  assert.notDeepEqual(await finding(other, 20), ['ec-2.0', early])
  assert.equal((await mara.get(200, `GET /api/passports/${other}`)).version, 2)

  // What comes on a day that is known, and what that does to the fleet.
  const { calendar } = await mara.get(200, 'GET /api/passports/rules')
  const due = calendar.find(({ from, category }: any) => from === '2027-08-18' && category === 'EV')
  assert.deepEqual([due.dataPoint, due.status, /Art\. 48\(1\)/.test(due.article)], [19, 'C', true])
  const fleet = await mara.get(200, 'GET /api/passports/readiness?on=2027-08-17&compare=2027-08-18')
  const changes = new Map<string, any>(fleet.items.map(({ id, changes }: any) => [id, changes]))
  assert.deepEqual(changes.get(ready).due, [])
  assert.deepEqual(
    changes.get(other).due.map(({ dataPoint, status }: any) => [dataPoint, status]),
    [[19, 'M']],
  )

  // Until that day the report is its owner's alone; from its first moment in UTC on, whatever the hour elsewhere, everybody's.
  const sees = async () => (await openCode(site, '/01/09506000134352/21/D1', 'en')).includes('due-diligence.pdf')
  for (const [now, seen] of [
    ['2027-08-17T12:00:00Z', false],
    ['2027-08-17T23:59:59.999Z', false],
    ['2027-08-18T00:00:00+02:00', false],
    ['2027-08-17T20:00:00-04:00', true],
    ['2027-08-18T00:00:00Z', true],
    ['2027-08-19T09:00:00+09:00', true],
  ] as const) {
    go(now)
    assert.equal(await sees(), seen, now)
  }
  await mara.again()
  assert.deepEqual(await finding(ready, 19), ['ec-2.0', 'present'])
  assert.deepEqual(await finding(other, 19), ['ec-2.0', 'missing'])
  const page = await openCode(site, '/01/09506000134352/21/D2', 'en')
  assert.doesNotMatch(page, /61\.5|recycled/i, 'whose acts are not there yet stays closed')
}

test('18 August 2027: a rule set arrives, what it changes is shown, the fleet is checked, and the day comes', t =>
  august(t, oneProcess))
test(
  '18 August 2027, each service in a process of its own: a rule set arrives, what it changes is shown, the fleet is checked, and the day comes',
  { skip: notSplit },
  t => august(t, split),
)
