import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChargerBooted, ChargerConnected, ConnectorReported, OcppMessage, TransactionReported } from '#contracts/ocpp'
import { boot16, boot2, open } from './testing.ts'

const at = (minute: number) => new Date(Date.now() - 3_600_000 + minute * 60_000).toISOString()

test('a charger of 1.6 that nobody here knows connects, charges a car and stops, and each step is a fact', async t => {
  const { p, charger, card } = await open(t)
  await card('CARD-1')
  const it = await charger('CP-1')
  const boot = await it.call('BootNotification', boot16)
  assert.equal(boot.status, 'Accepted')
  await it.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Preparing' })
  assert.equal((await it.call('Authorize', { idTag: 'card-1' })).idTagInfo.status, 'Accepted')
  const { transactionId, idTagInfo } = await it.call('StartTransaction', {
    connectorId: 1,
    idTag: 'CARD-1',
    meterStart: 1000,
    timestamp: at(0),
  })
  assert.equal(idTagInfo.status, 'Accepted')
  const meterValue = [{ timestamp: at(10), sampledValue: [{ value: '3.5', unit: 'kWh' }] }]
  await it.call('MeterValues', { connectorId: 1, transactionId, meterValue })
  await it.call('StopTransaction', { transactionId, meterStop: 6000, timestamp: at(20), idTag: 'CARD-1' })
  assert.ok((await it.call('Heartbeat', {})).currentTime)

  assert.equal((await p.published(ChargerConnected)).length, 1)
  assert.equal((await p.published(ChargerBooted))[0]!.vendor, 'Voltaic')
  assert.equal((await p.published(ConnectorReported))[0]!.status, 'preparing')
  const told = await p.published(TransactionReported)
  assert.deepEqual(
    told.map(({ phase, readings, evse, connector, reference }) => [
      phase,
      readings.at(-1)!.value,
      evse,
      connector,
      reference,
    ]),
    [
      ['begun', 1000, 1, 1, String(transactionId)],
      ['progressed', 3500, 1, 1, String(transactionId)],
      ['ended', 6000, 1, 1, String(transactionId)],
    ],
  )
  assert.deepEqual(
    (await p.published(OcppMessage))
      .filter(({ direction }) => direction === 'received')
      .map(({ action, outcome }) => [action, outcome]),
    ['BootNotification', 'StatusNotification', 'Authorize', 'StartTransaction', 'MeterValues', 'StopTransaction'].map(
      action => [action, 'answered'],
    ),
  )
})

for (const version of ['ocpp2.0.1', 'ocpp2.1'] as const)
  test(`a charger of ${version} charges a car, and each step is a fact`, async t => {
    const { p, charger, card } = await open(t)
    await card('04AA')
    const it = await charger('CP-2', version)
    assert.equal(it.socket.protocol, version)
    assert.equal((await it.call('BootNotification', boot2)).status, 'Accepted')
    const event = (seqNo: number, eventType: string, more: object = {}) =>
      it.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp: at(seqNo),
        triggerReason: 'Authorized',
        transactionInfo: { transactionId: 'T-1' },
        ...more,
      })
    const begun = await event(0, 'Started', {
      evse: { id: 2, connectorId: 1 },
      idToken: { idToken: '04aa', type: 'ISO14443' },
    })
    assert.equal(begun.idTokenInfo.status, 'Accepted')
    const sampledValue = [{ value: 4.2, unitOfMeasure: { unit: 'Wh', multiplier: 3 } }]
    await event(1, 'Updated', { meterValue: [{ timestamp: at(1), sampledValue }] })
    await event(1, 'Updated', { meterValue: [{ timestamp: at(1), sampledValue }] })
    await event(3, 'Ended')
    assert.deepEqual(
      (await p.published(TransactionReported)).map(({ phase, seqNo, evse, readings, token }) => [
        phase,
        seqNo,
        evse,
        readings[0]?.value,
        token?.accepted,
      ]),
      [
        ['begun', 0, 2, undefined, true],
        ['progressed', 1, 2, 4200, true],
        ['ended', 3, 2, undefined, true],
      ],
    )
  })
