import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  ChargerBooted,
  ChargerConnected,
  ConnectorReported,
  TransactionReported,
  type OcppVersion,
} from '#contracts/ocpp'
import { boot16, boot2 } from '../../services/ocpp/testing.ts'
import type { Peer } from './peer.ts'
import { leastAnswers, siteFor } from './site.ts'

const hourAgo = Date.now() - 3_600_000
const at = (minute: number) => new Date(hourAgo + minute * 60_000).toISOString()

/** What every charger is asked after its start, when the platform finds time. */
const asked = new Set(['GetConfiguration', 'GetBaseReport'])

/**
 * What a charger does in a day: a card charges a car, an operator starts and stops another and resets the charger; a
 * third car charges while it is not heard; in the end it is rejected.
 */
export async function charges(t: TestContext, peer: Peer, version: OcppVersion): Promise<void> {
  const site = await siteFor(t, peer, version)
  await site.card('04A1B2C3')
  await site.card('LOST', { status: 'blocked' })
  await site.card('OLD', { expiresAt: new Date(hourAgo) })
  const accepted = { status: 'Accepted' }
  const car = version === 'ocpp1.6' ? car16(peer) : car2(peer)
  const answers = { ...leastAnswers(version), Reset: accepted, [car.start]: accepted, [car.stop]: accepted }

  await site.connect(answers)
  assert.equal((await car.boots()).status, 'Accepted')
  await car.isThere()
  const verdicts = [
    ['04A1B2C3', 'Accepted', 'FLEET'],
    ['LOST', 'Blocked', 'FLEET'],
    ['OLD', 'Expired', 'FLEET'],
    ['NOBODY', 'Invalid', undefined],
  ] as const
  for (const [token, ...verdict] of verdicts) assert.deepEqual(await car.authorizes(token), verdict)
  assert.equal((await car.begins('04A1B2C3', 0)).status, 'Accepted')
  await car.measures(3_500, 10)
  await car.ends(6_000, 20)
  assert.ok(!Number.isNaN(Date.parse((await peer.call('Heartbeat', {})).currentTime)))

  const started = await site.command(car.start, car.startPayload('04A1B2C3'))
  assert.deepEqual([started.status, started.body], [200, accepted])
  const { reference } = await car.begins('04A1B2C3', 30)
  const stopped = await site.command(car.stop, { transactionId: reference })
  assert.deepEqual([stopped.status, stopped.body], [200, accepted])
  await car.ends(9_000, 40)
  const reset = await site.command('Reset', { type: version === 'ocpp1.6' ? 'Soft' : 'Immediate' })
  assert.deepEqual([reset.status, reset.body], [200, accepted])
  assert.deepEqual(
    peer.commanded.map(({ action }) => action).filter(action => !asked.has(action)),
    [car.start, car.stop, 'Reset'],
  )
  await peer.disconnect()

  await site.connect(answers)
  assert.equal((await car.boots()).status, 'Accepted')
  // It had begun while nobody heard it, and ends now.
  await car.begins('04A1B2C3', 45)
  await car.ends(12_000, 50)
  await peer.disconnect()

  assert.equal((await site.reject()).status, 200)
  await site.connect(answers)
  assert.equal((await car.boots()).status, 'Rejected')
  await assert.rejects(car.isThere(), /^Error: SecurityError/)
  await peer.disconnect()

  assert.equal((await site.p.published(ChargerConnected)).length, 3)
  assert.equal((await site.p.published(ChargerBooted)).length, 3)
  assert.equal((await site.p.published(ConnectorReported))[0]!.status, 'available')
  const told = await site.p.published(TransactionReported)
  const begun = told.filter(({ phase }) => phase === 'begun')
  assert.equal(new Set(begun.map(({ transactionId }) => transactionId)).size, 3)
  assert.deepEqual(
    told.map(({ phase, readings, token, evse }) => [phase, readings.at(-1)?.value, token?.accepted, evse]),
    [
      ['begun', 1_000, true, 1],
      ['progressed', 3_500, true, 1],
      ['ended', 6_000, true, 1],
      ['begun', 1_000, true, 1],
      ['ended', 9_000, true, 1],
      ['begun', 1_000, true, 1],
      ['ended', 12_000, true, 1],
    ],
  )
  assert.deepEqual(await site.sessions(), [
    { status: 'ended', evse: 1, energyWh: 11_000, startedAt: at(45), endedAt: at(50) },
    { status: 'ended', evse: 1, energyWh: 8_000, startedAt: at(30), endedAt: at(40) },
    { status: 'ended', evse: 1, energyWh: 5_000, startedAt: at(0), endedAt: at(20) },
  ])
}

/** What all versions do alike, each in its own words. */
interface Car {
  readonly start: string
  readonly stop: string
  startPayload(token: string): object
  boots(): Promise<{ status: string }>
  isThere(): Promise<unknown>
  /** What it is told of a token, and of the group it belongs to. */
  authorizes(token: string): Promise<[status: string, group: string | undefined]>
  begins(token: string, minute: number): Promise<{ status: string; reference: string | number }>
  measures(energy: number, minute: number): Promise<unknown>
  ends(energy: number, minute: number): Promise<unknown>
}

function car16(peer: Peer): Car {
  let transactionId = 0
  return {
    start: 'RemoteStartTransaction',
    stop: 'RemoteStopTransaction',
    startPayload: idTag => ({ connectorId: 1, idTag }),
    boots: () => peer.call('BootNotification', boot16),
    isThere: () =>
      peer.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: at(0) }),
    async authorizes(idTag) {
      const { idTagInfo } = await peer.call('Authorize', { idTag })
      return [idTagInfo.status, idTagInfo.parentIdTag]
    },
    async begins(idTag, minute) {
      const begin = { connectorId: 1, idTag, meterStart: 1_000, timestamp: at(minute) }
      const answer = await peer.call('StartTransaction', begin)
      transactionId = answer.transactionId
      return { status: answer.idTagInfo.status, reference: transactionId }
    },
    measures: (energy, minute) =>
      peer.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [
          {
            timestamp: at(minute),
            sampledValue: [{ value: String(energy / 1_000), unit: 'kWh', measurand: 'Energy.Active.Import.Register' }],
          },
        ],
      }),
    ends: (meterStop, minute) =>
      peer.call('StopTransaction', { transactionId, meterStop, timestamp: at(minute), reason: 'EVDisconnected' }),
  }
}

function car2(peer: Peer): Car {
  let transactionId = ''
  let count = 0
  let seqNo = 0
  const event = (eventType: string, triggerReason: string, minute: number, energy: number, more: object = {}) =>
    peer.call('TransactionEvent', {
      eventType,
      timestamp: at(minute),
      triggerReason,
      seqNo: seqNo++,
      transactionInfo: { transactionId },
      meterValue: [
        {
          timestamp: at(minute),
          sampledValue: [{ value: energy / 1_000, unitOfMeasure: { unit: 'Wh', multiplier: 3 } }],
        },
      ],
      ...more,
    })
  const tokenOf = (idToken: string) => ({ idToken, type: 'ISO14443' })
  return {
    start: 'RequestStartTransaction',
    stop: 'RequestStopTransaction',
    startPayload: token => ({ idToken: tokenOf(token), remoteStartId: 1, evseId: 1 }),
    boots: () => peer.call('BootNotification', boot2),
    isThere: () =>
      peer.call('StatusNotification', { timestamp: at(0), connectorStatus: 'Available', evseId: 1, connectorId: 1 }),
    async authorizes(token) {
      const { idTokenInfo } = await peer.call('Authorize', { idToken: tokenOf(token) })
      return [idTokenInfo.status, idTokenInfo.groupIdToken?.idToken]
    },
    async begins(token, minute) {
      transactionId = `T-${++count}`
      seqNo = 0
      const evse = { id: 1, connectorId: 1 }
      const answer = await event('Started', 'Authorized', minute, 1_000, { evse, idToken: tokenOf(token) })
      return { status: answer.idTokenInfo.status, reference: transactionId }
    },
    measures: (energy, minute) => event('Updated', 'MeterValuePeriodic', minute, energy),
    ends: (energy, minute) => event('Ended', 'EVDeparted', minute, energy),
  }
}
