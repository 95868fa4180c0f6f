import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { getChargerTariffs, getSessionCosts } from '#contracts/billing'
import { StationCreated } from '#contracts/stations'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

const session = (more: object = {}) => ({ sessionId: newId(), driverId: newId(), energyWh: 10_000, ...more })

suite('what chargers are told', () => {
  test('of prices is what anybody pays, by EVSE, with the tax of the place', async t => {
    const { p, tariff, operator, asked, stationId, seller } = await open(t)
    const told = async () => {
      const { tariffs } = await asked(getChargerTariffs, { chargerId: 'CP-1' })
      return tariffs.map(({ evse, tariff }) => [
        evse,
        tariff && `${tariff.version} ${tariff.terms.elements[0]!.priceComponents[0]!.price} ${tariff.taxPercent}`,
      ])
    }
    assert.deepEqual(await told(), [[0, null]])
    const { id } = await tariff(perKwh('0.50'), [{}, { stationId, evse: 1, connector: 2 }])
    const { body: group } = await operator.post('/groups', { name: 'Staff', drivers: [] })
    await tariff(perKwh('0.10'), [{ groupId: group.id }, { stationId, evse: 4, groupId: group.id }])
    await tariff(perKwh('0.60'), [
      { stationId, evse: 1, connector: 1 },
      { stationId, evse: 2 },
    ])
    assert.deepEqual(await told(), [
      [0, '1 0.50 null'],
      [1, null],
      [2, '1 0.60 null'],
    ])
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    assert.equal((await operator.put('/seller', { name: 'Example Charging GmbH', address, taxId: null })).status, 200)
    const changed = { name: 'Standard', terms: perKwh('0.55'), uses: [{}] }
    assert.equal((await operator.put(`/tariffs/${id}`, changed)).status, 200)
    assert.deepEqual(await told(), [
      [0, '2 0.55 19'],
      [1, '1 0.60 19'],
      [2, '1 0.60 19'],
    ])
    const station = { stationId, chargerId: 'CP-7', owner: seller, public: true, name: 'Market square', version: 1 }
    await p.publish(StationCreated, station)
    await p.settle()
    assert.equal((await asked(getChargerTariffs, { chargerId: 'CP-7' })).tariffs.length, 3, 'known by its station')
    assert.deepEqual((await asked(getChargerTariffs, { chargerId: 'CP-8' })).tariffs, [])
  })

  test('of sessions is what they cost so far with tax, nothing where they are free, and nothing before that is agreed', async t => {
    const { tariff, operator, started, ended, asked } = await open(t)
    const free = session()
    await started(free)
    const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
    await operator.put('/seller', { name: 'Example Charging GmbH', address, taxId: null })
    const { id: tariffId } = await tariff(perKwh('0.50', { taxIncluded: false }))
    const [one, over] = [session(), session()]
    await started(one)
    await started(over)
    await ended(over)
    const sessionIds = [free, one, over].map(({ sessionId }) => sessionId)
    const { costs } = await asked(getSessionCosts, { sessionIds: [...sessionIds, newId()] })
    assert.deepEqual(
      costs.map(({ sessionId, total, isFree, tariff }) => [
        sessionId,
        total,
        isFree,
        tariff?.tariffId,
        tariff?.taxPercent,
      ]),
      [
        [free.sessionId, '0', true, undefined, undefined],
        [one.sessionId, '5.95', false, tariffId, '19'],
      ],
    )
  })
})
