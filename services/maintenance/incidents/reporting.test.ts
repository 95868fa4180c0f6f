import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open } from '../testing.ts'

const mine = (): Owner => ({ kind: 'person', id: newId() })

test('anybody who is signed in reports a fault; what several say of the same is one incident', async t => {
  const { p, station, as, operator } = await open(t)
  const owner = mine()
  const stationId = await station({ stationId: newId(), owner })
  const [ada, bob, rival] = [as(), as(), operator()]
  const body = { stationId, evse: 1, fault: 'cable', text: 'It does not lock.\nAt all.' }
  const key = { 'idempotency-key': 'once' }
  const made = await ada.post('/incidents', body, key)
  assert.equal(made.status, 201, made.text)
  assert.equal((await ada.post('/incidents', body, key)).body.id, made.body.id)
  const same = await bob.post('/incidents', { stationId, evse: 1, fault: 'cable' })
  assert.equal(same.body.id, made.body.id)
  assert.deepEqual([same.body.reports.length, same.body.reports[0].text], [1, null], 'each sees their own words')
  assert.equal((await p.published(IncidentOpened)).length, 1)

  const me = operator({ userId: owner.id })
  assert.equal((await me.get(`/incidents/${made.body.id}`)).body.reports.length, 2)
  for (const other of [as(), rival]) {
    const refused = await other.get(`/incidents/${made.body.id}`)
    assert.deepEqual([refused.status, refused.body.code], [404, 'incident_unknown'])
    assert.deepEqual(await other.list('/incidents'), [])
  }
  assert.equal((await ada.list('/incidents')).length, 1)
  assert.equal((await me.get('/incidents/count?status=open')).body.count, 1)

  assert.equal((await ada.post(`/incidents/${made.body.id}/close`, { end: 'solved' })).status, 403)
  assert.equal((await rival.post(`/incidents/${made.body.id}/close`, { end: 'solved' })).status, 404)
  const stale = await me.post(`/incidents/${made.body.id}/close`, { end: 'solved' }, { 'if-match': '"9"' })
  assert.equal(stale.body.code, 'version_stale')
  const closed = await me.post(`/incidents/${made.body.id}/close`, { end: 'solved' })
  assert.deepEqual([closed.body.status, closed.body.end], ['closed', 'solved'])
  assert.equal((await me.post(`/incidents/${made.body.id}/close`, { end: 'solved' })).body.code, 'incident_closed')
  assert.equal((await p.published(IncidentClosed)).length, 1)
  assert.notEqual((await ada.post('/incidents', body)).body.id, made.body.id, 'what comes later is another')
})

test('nothing is reported where one may not even look, and an operator learns of nothing elsewhere', async t => {
  const { station, as } = await open(t)
  const hidden = await station({ stationId: newId(), owner: mine(), public: false })
  for (const stationId of [hidden, newId()]) {
    const refused = await as().post('/incidents', { stationId, fault: 'cable' })
    assert.deepEqual([refused.status, refused.body.code], [404, 'station_unknown'])
  }
})

test('two people who report the same at the same moment make one incident', async t => {
  const { p, station, as } = await open(t)
  const stationId = await station({ stationId: newId(), owner: mine() })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => as().post('/incidents', { stationId, fault: 'payment' })),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 201),
  )
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  assert.equal((await p.published(IncidentOpened)).length, 1)
})

test('the page of a station leads to a form without a script, by way of signing in', async t => {
  const { p, station, as } = await open(t)
  const stationId = await station({ stationId: newId(), owner: mine(), name: 'Market <square>' })
  const path = `/maintenance/report/${stationId}`
  const stranger = await p.http.inject({ url: path })
  assert.deepEqual(
    [stranger.statusCode, stranger.headers.location],
    [303, `/api/auth/sign-in?return=${encodeURIComponent(path)}`],
  )
  const ada = as()
  const page = await ada.page(path)
  assert.equal(page.status, 200)
  assert.match(page.text, /Market &#60;square&#62;/)
  assert.match((await ada.page(path, undefined, { 'accept-language': 'de' })).text, /Störung melden/)
  assert.equal((await ada.page(`/maintenance/report/${newId()}`)).status, 404)
  const wrong = await ada.submit(path, { fault: 'nothing', evse: '', text: '<b>' })
  assert.equal(wrong.status, 400)
  assert.match(wrong.text, /role="alert"[^]*&#60;b&#62;/)
  assert.match((await ada.submit(path, { fault: 'cable', evse: '1', text: 'Stuck' })).text, /Thank you/)
  const [incident] = await ada.list('/incidents')
  assert.deepEqual([incident.code, incident.evse], ['cable', 1])
})
