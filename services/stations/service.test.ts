import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  StationConnected,
  StationCreated,
  StationDeleted,
  StationDisconnected,
  StationStatusChanged,
  StationUpdated,
} from '#contracts/stations'
import { newId } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { boot16, boot2, connect } from '../ocpp/testing.ts'
import { ocpp } from '../ocpp/service.ts'
import { stations } from './service.ts'
import { client, described, open, strangers } from './testing.ts'

test('an operator makes a station, describes it anew and deletes it; drivers see it while it is public', async t => {
  const { p, operator, as, nobody } = await open(t)
  const [mine, driver, rival] = [operator(), as(), operator()]
  assert.equal((await nobody.get('')).status, 401)
  assert.equal((await driver.post('', described)).status, 403)
  const made = await mine.make({ public: false, reference: 'BER-1' })
  const at = `/${made.id}`
  assert.equal((await driver.get(at)).status, 404)
  assert.equal((await rival.get(at)).status, 404)
  assert.match(String((await mine.get(at)).headers.etag), /^"1-/)

  const stale = await mine.put(at, described, { 'if-match': '"7"' })
  assert.equal(stale.body.code, 'version_stale')
  const again = await mine.put(at, { ...described, reference: 'BER-1', openingTimes: { twentyFourSeven: true } })
  assert.equal(again.status, 200, again.text)
  assert.equal(again.body.version, 2)
  assert.equal(again.body.evses[0].connectors[0].connectorId, made.evses[0].connectors[0].connectorId)
  const same = await mine.put(at, { ...described, reference: 'BER-1', openingTimes: { twentyFourSeven: true } })
  assert.equal(same.body.version, 2, 'nothing changed')

  assert.equal((await driver.get(at)).body.address.city, 'Berlin')
  assert.deepEqual(await driver.found(), ['Market square'])
  assert.equal((await driver.put(at, described)).status, 403)
  assert.equal((await rival.put(at, described)).body.code, 'editor_required')
  assert.equal((await mine.post('', { name: 'Twin', reference: 'BER-1' })).body.code, 'reference_taken')

  assert.equal((await mine.delete(at)).status, 204)
  assert.equal((await driver.get(at)).status, 404)
  assert.deepEqual(await mine.found(), [])
  assert.deepEqual(
    [await p.published(StationCreated), await p.published(StationUpdated), await p.published(StationDeleted)].map(
      events => events.map(({ version }) => version),
    ),
    [[1], [2], [3]],
  )
})

test('what cannot be is refused by name: no position, no such zone, hours that end before they begin, doubles', async t => {
  const { operator } = await open(t)
  const mine = operator()
  for (const [body, code, pointer] of [
    [{ name: 'A', public: true }, 'position_missing', '/coordinates'],
    [{ name: 'A', timeZone: 'Europe/Atlantis' }, 'time_zone_unknown', '/timeZone'],
    [
      {
        name: 'A',
        openingTimes: {
          twentyFourSeven: false,
          closed: [{ from: '2027-02-18T10:00:00Z', to: '2027-02-18T09:00:00Z' }],
        },
      },
      'opening_invalid',
      '/openingTimes/closed/0/to',
    ],
    [
      { name: 'A', evses: [1, 1].map(evse => ({ evse, connectors: [{ connector: 1 }] })) },
      'connector_twice',
      '/evses/1',
    ],
  ] as const) {
    const { status, body: problem } = await mine.post('', body)
    assert.deepEqual([status, problem.code, problem.errors[0].pointer], [422, code, pointer])
  }
  const other = await mine.post('', { name: 'A', siteId: newId() })
  assert.equal(other.body.code, 'site_unknown')
})

test('an accepted charger gets a station by itself, with what it says, live in any order', async t => {
  const p = await start(t, [ocpp, stations], { answers: strangers })
  const url = (await p.listen()).replace('http', 'ws')
  const operator = client(p, p.signedIn({ role: 'operator' }))
  const driver = client(p, p.signedIn({}))
  const one = await connect(t, `${url}/ocpp/CP-1`, 'ocpp1.6')
  await one.call('BootNotification', boot16)
  const say = (connectorId: number, status: string, errorCode = 'NoError') =>
    one.call('StatusNotification', { connectorId, errorCode, status })
  await say(0, 'Available')
  await say(1, 'Available')
  await say(2, 'Preparing')
  await p.settle()

  const [station] = (await operator.get('?chargerId=CP-1')).body.items
  assert.equal(station.name, 'CP-1')
  assert.equal(station.public, false)
  assert.equal(station.online, true)
  assert.deepEqual(
    station.evses.map((evse: any) => [evse.evse, evse.status, evse.connectors[0].available]),
    [
      [1, 'available', true],
      [2, 'preparing', false],
    ],
  )
  assert.deepEqual(await driver.found(), [])

  const put = await operator.put(`/${station.id}`, { ...described, chargerId: 'CP-1' })
  assert.equal(put.status, 200, put.text)
  assert.deepEqual(
    put.body.evses.map((evse: any) => evse.connectors.map((each: any) => [each.connector, each.standard, each.status])),
    [
      [
        [1, 'IEC_62196_T2_COMBO', 'available'],
        [2, 'CHADEMO', null],
      ],
      [[1, null, 'preparing']],
    ],
  )
  const around = async (query = '') =>
    (await driver.get(`/nearby?lat=52.521&lon=13.406&available=true${query}`)).body.items.length
  assert.equal(await around(), 1)
  assert.equal(await around('&connector=IEC_62196_T2_COMBO&minPowerW=100000'), 1)
  assert.equal(await around('&connector=CHADEMO'), 0, 'nobody knows how it is')

  await say(0, 'Unavailable')
  await p.settle()
  assert.equal(await around(), 0, 'the charger as a whole')
  await say(0, 'Available')
  await say(1, 'Charging')
  await say(1, 'Faulted', 'GroundFailure')
  await p.settle()
  const faulted = (await driver.get(`/${station.id}`)).body
  assert.equal(faulted.evses[0].connectors[0].errorCode, 'GroundFailure')
  assert.equal(await around(), 0)
  await one.close()
  while ((await p.published(StationDisconnected)).length === 0) await p.settle()
  assert.equal((await driver.get(`/${station.id}`)).body.online, false)
  assert.equal((await p.published(StationConnected)).length, 1)
  assert.deepEqual(
    (await p.published(StationStatusChanged)).map(({ evse, status, formerStatus }) => [evse, formerStatus, status]),
    [
      [1, null, 'available'],
      [2, null, 'preparing'],
      [1, 'available', 'charging'],
      [1, 'charging', 'faulted'],
    ],
  )
})

test('a draft makes place for the station that an operator made for its charger', async t => {
  const p = await start(t, [ocpp, stations], { answers: strangers })
  const url = (await p.listen()).replace('http', 'ws')
  const [operator, rival] = [1, 2].map(() => client(p, p.signedIn({ role: 'operator' }))) as [any, any]
  const two = await connect(t, `${url}/ocpp/CP-2`, 'ocpp2.0.1')
  await two.call('BootNotification', boot2)
  await two.call('StatusNotification', {
    timestamp: new Date().toISOString(),
    connectorStatus: 'Occupied',
    evseId: 1,
    connectorId: 1,
  })
  await p.settle()
  assert.deepEqual(await operator.found(), ['CP-2'])
  const made = await operator.make({ chargerId: 'CP-2' })
  assert.equal(made.online, true)
  assert.equal(made.evses[0].connectors[0].status, 'occupied')
  assert.deepEqual(await operator.found(), ['Market square'])
  assert.deepEqual(await rival.found(), [])
  assert.equal((await rival.post('', { ...described, chargerId: 'CP-2' })).body.code, 'charger_elsewhere')
  assert.equal((await operator.delete(`/${made.id}`)).status, 204)
  await two.call('BootNotification', boot2)
  await p.settle()
  assert.deepEqual(await operator.found(), [], 'who deleted a station wants no other')
})
