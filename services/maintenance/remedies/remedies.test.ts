import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemedyRequested } from '#contracts/maintenance'
import { ChargerConnected, CommandEnded } from '#contracts/ocpp'
import { SessionEnded, SessionStarted } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { minute, open } from '../testing.ts'

/** A charger of somebody, connected. */
async function connected(t: Parameters<typeof open>[0], environment: Record<string, string> = {}) {
  const it = await open(t, { environment })
  const owner: Owner = { kind: 'person', id: newId() }
  await it.charger('CP-1', owner)
  const at = it.now().toISOString()
  await it.p.publish(ChargerConnected, { chargerId: 'CP-1', connectionId: newId(), ocppVersion: 'ocpp1.6', at })
  const asked = async () => (await it.p.published(RemedyRequested)).map(({ remedy }) => remedy)
  return { ...it, owner, asked, me: it.operator({ userId: owner.id }) }
}

test('a charger helps itself before anybody drives there: a stuck lock is unlocked, then it is started anew', async t => {
  const { p, says, pass, periodically, asked, me } = await connected(t)
  await says('CP-1', 'faulted', { errorCode: 'ConnectorLockFailure' })
  await periodically(/remedies/)
  assert.deepEqual(await asked(), [], 'it may pass by itself')
  pass(3 * minute)
  for (let time = 0; time < 2; time++) await periodically(/remedies/)
  assert.deepEqual(await asked(), ['unlock'])
  const { requestId, chargerId } = (await p.published(RemedyRequested))[0]!
  const ended = { commandId: newId(), chargerId, action: 'UnlockConnector', requestId, outcome: 'answered' as const }
  await p.publish(CommandEnded, { ...ended, answer: { status: 'UnlockFailed' } })
  pass(6 * minute)
  for (let time = 0; time < 2; time++) await periodically(/remedies/)
  assert.deepEqual(await asked(), ['unlock', 'reset'])
  pass(6 * minute)
  await periodically(/remedies/)
  assert.equal((await asked()).length, 2, 'each once')
  const [incident] = await me.list('/incidents')
  const { remedies } = (await me.get(`/incidents/${incident.id}`)).body
  assert.deepEqual(
    remedies.map(({ remedy, outcome, status }: any) => [remedy, outcome, status]),
    [
      ['reset', null, null],
      ['unlock', 'answered', 'UnlockFailed'],
    ],
  )
})

test('a charger is not started anew under a car, and within a day only so often', async t => {
  const { p, says, pass, periodically, asked, me, now } = await connected(t, { MAINTENANCE_REMEDIES_A_DAY: '2' })
  const session = {
    sessionId: newId(),
    chargerId: 'CP-1',
    stationId: null,
    evse: 2,
    connector: 1,
    owner: null,
    driverId: null,
    token: null,
    startedAt: now().toISOString(),
    energyWh: 0,
    updatedAt: now().toISOString(),
  }
  await p.publish(SessionStarted, { ...session, offline: false })
  await says('CP-1', 'faulted')
  pass(3 * minute)
  await periodically(/remedies/)
  assert.deepEqual(await asked(), [])
  const end = { endedAt: now().toISOString(), stopReason: null, closedBy: 'charger' as const }
  await p.publish(SessionEnded, { ...session, ...end })
  // It comes again, late.
  await p.publish(SessionStarted, { ...session, offline: false })
  await periodically(/remedies/)
  assert.deepEqual(await asked(), ['reset'])

  const [incident] = await me.list('/incidents')
  const tried = await me.post(`/incidents/${incident.id}/remedies`, { remedy: 'unlock' })
  assert.equal(tried.status, 202, tried.text)
  assert.equal((await me.post(`/incidents/${incident.id}/remedies`, { remedy: 'reset' })).body.code, 'remedies_used_up')
  pass(25 * 60 * minute)
  assert.equal((await me.post(`/incidents/${incident.id}/remedies`, { remedy: 'reset' })).status, 202)
})

test('of what a person reports at a station without a charger nothing can be tried from afar', async t => {
  const { station, owner, me, as } = await connected(t)
  const stationId = await station({ stationId: newId(), owner })
  const { id } = (await me.post('/incidents', { stationId, fault: 'cable' })).body
  assert.equal((await me.post(`/incidents/${id}/remedies`, { remedy: 'reset' })).body.code, 'remedy_impossible')
  assert.equal((await as().post(`/incidents/${id}/remedies`, { remedy: 'reset' })).status, 403)
})
