import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StationCreated, StationUpdated } from '#contracts/stations'
import { newId } from '#kernel'
import { open, type Client } from '../testing.ts'

const head =
  'reference,name,street,city,country,latitude,longitude,public,openingTimes,evse,connector,standard,maxPowerW'
const csv = (...lines: string[]) => [head, ...lines, ''].join('\r\n')
const file = csv(
  'A-1,Market,Marktplatz 1,Berlin,DEU,52.52,13.405,yes,24/7,1,1,IEC_62196_T2_COMBO,150000',
  'A-1,,,,,,,,,1,2,CHADEMO,50000',
  'A-2,"Station, north",Gleis 1,München,DEU,48.14,11.56,no,"1 08:00-20:00, 2 08:00-20:00",1,1,IEC_62196_T2,22000',
)

async function send(to: Client, settle: () => Promise<unknown>, content: string | Buffer, query = '') {
  const sent = await to.post(`/import${query}`, content as string, { 'content-type': 'text/csv' })
  assert.equal(sent.status, 202, sent.text)
  await settle()
  return (await to.get(`/imports/${sent.body.id}`)).body
}
const figures = ({ state, lines, created, updated, unchanged, failed }: any) => [
  state,
  { lines, created, updated, unchanged, failed },
]

test('stations come from CSV, a dry run changes nothing, and the same file again neither', async t => {
  const { p, operator, as } = await open(t)
  const mine = operator()
  assert.equal((await as().post('/import', file, { 'content-type': 'text/csv' })).status, 403)
  const dry = await send(mine, p.settle, file, '?dryRun=true')
  assert.deepEqual(figures(dry), ['done', { lines: 3, created: 2, updated: 1, unchanged: 0, failed: 0 }])
  assert.deepEqual(await mine.found(), [])
  assert.equal((await p.published(StationCreated)).length, 0)

  const done = await send(mine, p.settle, file)
  assert.deepEqual(figures(done), ['done', { lines: 3, created: 2, updated: 1, unchanged: 0, failed: 0 }])
  assert.equal(done.progress, 1)
  assert.deepEqual((await mine.found()).sort(), ['Market', 'Station, north'])
  const [market] = (await mine.get('?q=market')).body.items
  assert.deepEqual(
    market.evses[0].connectors.map(({ standard, maxPowerW }: any) => [standard, maxPowerW]),
    [
      ['IEC_62196_T2_COMBO', 150_000],
      ['CHADEMO', 50_000],
    ],
  )
  assert.equal((await p.published(StationCreated))[0]!.actor.role, 'operator')

  const again = await send(mine, p.settle, file)
  assert.deepEqual(figures(again)[1], { lines: 3, created: 0, updated: 0, unchanged: 3, failed: 0 })
  const changes = (await p.published(StationUpdated)).length
  const changed = await send(mine, p.settle, csv('A-2,Station north,,,,,,,,,,,'))
  assert.equal(changed.updated, 1)
  assert.equal((await p.published(StationUpdated)).length, changes + 1)
  assert.equal((await mine.get(`/imports/${newId()}`)).body.code, 'import_unknown')
  assert.equal((await operator().get(`/imports/${done.id}`)).status, 404)
})

test('what is exported is imported again without a change', async t => {
  const { p, operator } = await open(t)
  const mine = operator()
  await send(mine, p.settle, file)
  await mine.make({ name: '=SUM(1)', directions: '+ behind; "the" house', faultContact: { phone: '+49 30 1' } })
  const out = await mine.get('/export')
  assert.match(String(out.headers['content-type']), /^text\/csv/)
  assert.equal(out.text.split('\r\n').length, 7)
  assert.match(out.text, /'=SUM\(1\)/)
  const again = await send(mine, p.settle, out.text)
  assert.deepEqual([again.faults, figures(again)[1].unchanged], [[], 5])
})

test('a line that is wrong is told with its column, and the others are taken', async t => {
  const { p, operator } = await open(t)
  const { status, body } = await operator().post('/import', 'colour\r\nred', { 'content-type': 'text/csv' })
  assert.deepEqual([status, body.code], [400, 'import_invalid'])
  assert.match(body.detail, /colour/)

  const mine = operator()
  await mine.make({ reference: 'B-0' })
  const done = await send(
    mine,
    p.settle,
    csv(
      'B-1,One,,,,99,13,,,1,1,TYPE_2,22000',
      'B-2,Two,,,,48,,,,,,,',
      'B-3,Three,,,,48,11,,,,,,',
      ',Four,,,,,,,,,,,',
      'B-5,Five,,,,,,yes,,,,,',
    ),
  )
  assert.deepEqual(figures(done)[1], { lines: 5, created: 1, updated: 0, unchanged: 0, failed: 4 })
  assert.deepEqual(
    done.faults.map(({ line, column }: any) => [line, column]),
    [
      [2, 'latitude'],
      [2, 'standard'],
      [3, 'longitude'],
      [5, 'reference'],
      [6, 'coordinates'],
    ],
  )
  const broken = await send(mine, p.settle, csv('B-6,Six,,,,,,,,,,,', 'B-7,"no end,,,'))
  assert.equal(broken.created, 1)
  assert.deepEqual([broken.failed, broken.faults[0].column], [1, null])
  assert.match(broken.faults[0].detail, /Quote Not Closed/)
})

test('files of spreadsheets are read: semicolons, Windows-1252, a byte order mark', async t => {
  const { p, operator } = await open(t)
  const mine = operator()
  const text = 'reference;name;latitude;longitude\r\nC-1;Köln;50,94;6,96\r\n'
  assert.equal((await send(mine, p.settle, Buffer.from(text, 'latin1'))).created, 1)
  assert.equal((await send(mine, p.settle, `\ufeff${text}`)).unchanged, 1)
  assert.deepEqual(await mine.found(), ['Köln'])
})
