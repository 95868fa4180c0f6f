import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { boot16, boot2 } from '../ocpp/testing.ts'
import { charging16, charging2, minute, open } from './testing.ts'

test('a driver starts and stops a session of 1.6 without a card, and it is theirs', async t => {
  const { p, charger, list, post } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - minute)
  const driverId = newId()
  const driver = p.signedIn({ userId: driverId })
  let transactionId = 0
  it.answers.set('RemoteStartTransaction', (payload: any) => {
    // It asks about the token first, as chargers do that are told to (AuthorizeRemoteTxRequests).
    void it.call('Authorize', { idTag: payload.idTag }).then(async ({ idTagInfo }) => {
      assert.equal(idTagInfo.status, 'Accepted')
      ;({ transactionId } = await car.start(1000, { idTag: payload.idTag, connectorId: payload.connectorId }))
    })
    return { status: 'Accepted' }
  })
  const started = await post('/start', { chargerId: 'CP-1', connector: 2 }, driver)
  assert.equal(started.statusCode, 200, started.body)
  const [session] = await list('', driver)
  assert.deepEqual(
    [session.id, session.driverId, session.evse, session.token.accepted, session.token.idToken.length],
    [started.json().sessionId, driverId, 2, true, 20],
  )
  assert.deepEqual(await list('', p.signedIn()), [], 'nobody else sees it')

  it.answers.set('RemoteStopTransaction', (payload: any) => {
    assert.equal(payload.transactionId, transactionId)
    void car.stop(transactionId, 3500, 1, { reason: 'Remote' })
    return { status: 'Accepted' }
  })
  const stopped = await post(`/${session.id}/stop`, undefined, driver)
  assert.equal(stopped.statusCode, 200, stopped.body)
  while ((await list('?status=ended', driver)).length === 0);
  const [ended] = await list('', driver)
  assert.deepEqual([ended.energyWh, ended.stopReason], [2500, 'Remote'])
  const again = await post(`/${session.id}/stop`, undefined, driver)
  assert.deepEqual([again.statusCode, again.json().code], [409, 'session_ended'])
})

test('an operator starts a session of 2.0.1 for a card, and the charger is told which EVSE', async t => {
  const { p, charger, card, list, post } = await open(t)
  const driverId = await card('CARD-1')
  const it = await charger('CP-2', 'ocpp2.0.1')
  await it.call('BootNotification', boot2)
  const car = charging2(it, Date.now() - minute)
  it.answers.set('RequestStartTransaction', ({ evseId, idToken, remoteStartId }: any) => {
    assert.equal(evseId, 1)
    const meter = car.meter(0, { value: 1000, context: 'Transaction.Begin' })
    void car.event('Started', 0, 0, { ...meter, idToken }, { remoteStartId })
    return { status: 'Accepted' }
  })
  const started = await post(
    '/start',
    { chargerId: 'CP-2', evse: 1, idToken: 'card-1' },
    p.signedIn({ role: 'operator' }),
  )
  assert.equal(started.statusCode, 200, started.body)
  assert.deepEqual(
    (await list('?status=active')).map(({ id, driverId }) => [id, driverId]),
    [[started.json().sessionId, driverId]],
  )
})

test('a start says why there is none', async t => {
  const { p, charger, post } = await open(t)
  const codeOf = async (payload: object, headers = p.signedIn()): Promise<[number, string]> => {
    const { statusCode, body } = await post('/start', payload, headers)
    return [statusCode, JSON.parse(body).code]
  }
  assert.deepEqual(await codeOf({ chargerId: 'CP-3' }), [404, 'charger_unknown'])
  const it = await charger('CP-3')
  await it.call('BootNotification', boot16)
  it.answers.set('RemoteStartTransaction', () => ({ status: 'Rejected' }))
  assert.deepEqual(await codeOf({ chargerId: 'CP-3' }), [409, 'command_rejected'])
  assert.deepEqual(await codeOf({ chargerId: 'CP-3', idToken: 'CARD' }), [403, 'operator_required'])
  it.answers.delete('RemoteStartTransaction')
  it.socket.on('message', data => {
    const [type, id] = JSON.parse(data.toString())
    if (type === 2) it.socket.send(JSON.stringify([4, id, 'NotSupported', 'no', {}]))
  })
  assert.deepEqual(await codeOf({ chargerId: 'CP-3' }), [422, 'command_unsupported'])
  await it.close()
  await p.settle()
  assert.deepEqual(await codeOf({ chargerId: 'CP-3' }), [409, 'charger_offline'])
})

test('a charger that does not answer is waited for as long as it may take', async t => {
  const { charger, post } = await open(t, { environment: { OCPP_CALL_TIMEOUT: '300ms' } })
  const it = await charger('CP-4')
  await it.call('BootNotification', boot16)
  const { statusCode, body } = await post('/start', { chargerId: 'CP-4' })
  assert.deepEqual([statusCode, JSON.parse(body).code], [503, 'command_unanswered'])
})

test('the same start by one Idempotency-Key is sent once, and answered alike', async t => {
  const { p, charger } = await open(t)
  const it = await charger('CP-5')
  await it.call('BootNotification', boot16)
  let asked = 0
  it.answers.set('RemoteStartTransaction', () => ({ status: ++asked === 1 ? 'Accepted' : 'Rejected' }))
  const headers = { ...p.signedIn(), 'idempotency-key': 'one' }
  const start = () =>
    p.http.inject({ method: 'POST', url: '/api/sessions/start', headers, payload: { chargerId: 'CP-5' } })
  assert.equal((await start()).statusCode, 200)
  assert.equal((await start()).statusCode, 200)
  assert.equal(asked, 1)
})
