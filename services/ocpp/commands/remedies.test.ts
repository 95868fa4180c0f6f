import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AvailabilityRequested, RemedyRequested } from '#contracts/maintenance'
import { CommandEnded } from '#contracts/ocpp'
import { newId } from '#kernel'
import { boot16, boot2, open } from '../testing.ts'

test('who maintains chargers has them start anew and let cables go by an event, once, in the words of their version', async t => {
  const { p, charger } = await open(t)
  const asked: [string, unknown][] = []
  for (const [id, version, boot] of [
    ['CP-OLD', 'ocpp1.6', boot16],
    ['CP-NEW', 'ocpp2.0.1', boot2],
  ] as const) {
    const it = await charger(id, version)
    await it.call('BootNotification', boot)
    for (const action of ['Reset', 'UnlockConnector', 'ChangeAvailability'])
      it.answers.set(action, (payload: unknown) => {
        asked.push([action, payload])
        return { status: action === 'UnlockConnector' ? 'Unlocked' : 'Accepted' }
      })
  }
  const until = new Date(Date.now() + 60_000).toISOString()
  for (const chargerId of ['CP-OLD', 'CP-NEW'])
    for (const remedy of ['reset', 'unlock'] as const) {
      const request = { requestId: newId(), incidentId: newId(), chargerId, remedy, evse: 2, connector: 1, until }
      for (let time = 0; time < 2; time++) await p.publish(RemedyRequested, request)
      while (!(await p.published(CommandEnded)).some(({ requestId }) => requestId === request.requestId))
        await p.settle()
    }
  for (const [chargerId, evse] of [
    ['CP-OLD', null],
    ['CP-NEW', 1],
  ] as const) {
    const request = { requestId: newId(), chargerId, evse, operative: evse === null, until }
    await p.publish(AvailabilityRequested, request)
    while (!(await p.published(CommandEnded)).some(({ requestId }) => requestId === request.requestId)) await p.settle()
  }
  assert.deepEqual(asked.splice(4), [
    ['ChangeAvailability', { connectorId: 0, type: 'Operative' }],
    ['ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 1 } }],
  ])
  assert.deepEqual(asked, [
    ['Reset', { type: 'Soft' }],
    ['UnlockConnector', { connectorId: 2 }],
    ['Reset', { type: 'OnIdle' }],
    ['UnlockConnector', { evseId: 2, connectorId: 1 }],
  ])
})
