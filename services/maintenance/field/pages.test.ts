import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open } from '../testing.ts'
import { groupOf } from './views.ts'

/** A technician with a ticket of theirs. */
async function inField(t: Parameters<typeof open>[0]) {
  const it = await open(t)
  const owner: Owner = { kind: 'person', id: newId() }
  const [me, grace] = [it.operator({ userId: owner.id }), it.as({ role: 'technician' })]
  const stationId = await it.station({ stationId: newId(), owner, name: 'Market <square>' })
  const technician = (await me.post('/technicians', { userId: grace.userId, name: 'Grace' })).body
  const part = (await me.post('/parts', { number: 'LOCK', name: 'Lock', stock: 1 })).body
  const opened = { stationId, evse: 2, title: 'Cable <b>', description: 'Bring\nthe ladder' }
  const ticket = (await me.post('/tickets', opened)).body
  await me.post(`/tickets/${ticket.id}/assign`, { technicianId: technician.id })
  return { ...it, me, grace, ticket, part, at: `/maintenance/tickets/${ticket.id}` }
}

test('a technician sees what they have to do, and each ticket with its place, its steps and its buttons', async t => {
  const { p, grace, as, at, ticket } = await inField(t)
  const list = await grace.page('/maintenance/tickets')
  assert.equal(list.status, 200)
  for (const part of [at, 'Cable &#60;b&#62;', 'Market &#60;square&#62;', 'Marktplatz 1, 10178 Berlin', 'Later'])
    assert.ok(list.text.includes(part), `${part} in ${list.text}`)
  const page = await grace.page(at)
  for (const part of [
    `${ticket.number}: Cable`,
    'charging point 2',
    'openstreetmap.org',
    'the ladder',
    'Begin',
    'assigned to',
  ])
    assert.ok(page.text.includes(part), `${part} in ${page.text}`)
  assert.match((await grace.page(at, undefined, { 'accept-language': 'de' })).text, /Ladepunkt 2[^]*Anfangen/)
  const stranger = await p.http.inject({ url: at })
  assert.equal(stranger.headers.location, `/api/auth/sign-in?return=${encodeURIComponent(at)}`)
  assert.equal((await as({ role: 'technician' }).page(at)).status, 404)
  assert.equal((await as().page('/maintenance/tickets')).status, 403)
})

test('buttons do what they say, and a page that is no longer so undoes nothing', async t => {
  const { me, grace, at, ticket, part } = await inField(t)
  const now = async () => (await me.get(`/tickets/${ticket.id}`)).body
  const press = async (act: string, more: Record<string, string> = {}) =>
    await grace.submit(at, { act, version: String((await now()).version), ...more })
  const begun = await press('start')
  assert.deepEqual([begun.status, begun.headers.location], [303, at])
  assert.equal((await now()).state, 'in-progress')
  assert.equal((await press('comment', { text: 'Worn\r\nout' })).status, 303)
  assert.equal((await press('comment', { text: ' ' })).status, 409)
  assert.equal((await press('part', { partId: part.id, quantity: '1' })).status, 303)
  const none = await press('part', { partId: part.id, quantity: '1' })
  assert.match(none.text, /role="alert">So many of the part are not in stock/)
  const stale = await grace.submit(at, { act: 'resolve', version: '2', text: 'Done' })
  assert.equal(stale.status, 409)
  assert.match(stale.text, /Somebody else did something/)
  assert.equal((await press('close')).status, 409, 'that is for operators')
  assert.equal((await press('resolve', { text: 'New lock' })).status, 303)
  const { state, notes, parts } = await now()
  assert.equal(state, 'resolved')
  assert.deepEqual(notes.map(({ act, text }: any) => [act, text]).slice(2), [
    ['start', null],
    ['comment', 'Worn\nout'],
    ['part', '1 × LOCK Lock'],
    ['resolve', 'New lock'],
  ])
  assert.equal(parts[0].quantity, 1)
  assert.match((await grace.page('/maintenance/tickets')).text, /nothing to do/)
  assert.equal((await grace.submit(`/maintenance/tickets/${newId()}`, { act: 'start', version: '1' })).status, 404)
})

test('what is due by midnight at the station is of today, what was due is over time', () => {
  const ticket = { timeZone: 'Europe/Berlin', state: 'assigned' as const }
  const now = new Date('2027-02-18T08:00:00Z')
  const due = (text: string) => groupOf({ ...ticket, dueAt: new Date(text) }, now)
  assert.deepEqual(['2027-02-18T07:00:00Z', '2027-02-18T22:30:00Z', '2027-02-18T23:30:00Z'].map(due), [
    'overdue',
    'today',
    'later',
  ])
  assert.equal(groupOf({ ...ticket, state: 'waiting-for-part', dueAt: null }, now), 'waiting')
})
