import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import {
  IncidentClosed,
  TicketAssigned,
  TicketChanged,
  TicketOpened,
  TicketSlaAtRisk,
  TicketSlaMissed,
} from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { minute, open } from '../testing.ts'

const hour = 60 * minute

/** A station of an operator with an incident of it, a technician, and a ticket. */
async function ticketed(t: Parameters<typeof open>[0], environment: Record<string, string> = {}) {
  const it = await open(t, { environment })
  const owner: Owner = { kind: 'person', id: newId() }
  const me = it.operator({ userId: owner.id })
  const grace = it.as({ role: 'technician' })
  const stationId = await it.station({ stationId: newId(), owner })
  const incident = (await it.as().post('/incidents', { stationId, fault: 'cable' })).body
  const technician = (await me.post('/technicians', { userId: grace.userId, name: 'Grace' })).body
  const made = await me.post('/tickets', { incidentId: incident.id, title: 'Cable does not lock' })
  assert.equal(made.status, 201, made.text)
  const at = `/tickets/${made.body.id}`
  return { ...it, owner, me, grace, stationId, incident, technician, ticket: made.body, at }
}

test('a ticket goes from opened to closed, and what cannot be done is refused with what can', async t => {
  const { p, me, grace, at, ticket, technician, incident } = await ticketed(t)
  assert.deepEqual([ticket.state, ticket.possible, ticket.number], ['open', ['assign', 'close'], 1])
  assert.equal((await grace.get(at)).body.code, 'ticket_unknown')
  const early = await me.post(`${at}/start`, {})
  assert.deepEqual([early.status, early.body.code, early.body.state], [409, 'ticket_state', 'open'])
  assert.deepEqual(early.body.possible, ['assign', 'close'])

  const assigned = await me.post(`${at}/assign`, { technicianId: technician.id })
  assert.deepEqual([assigned.body.state, assigned.body.assigneeId], ['assigned', grace.userId])
  assert.deepEqual(
    (await grace.list('/tickets')).map(({ id }) => id),
    [ticket.id],
  )
  assert.equal((await grace.post(`${at}/assign`, { technicianId: technician.id })).status, 403)
  assert.equal((await grace.post(`${at}/start`, {})).body.state, 'in-progress')
  assert.equal((await grace.post(`${at}/comments`, { text: 'The lock\nis worn.' })).status, 201)
  assert.equal((await grace.post(`${at}/wait`, { text: 'New lock ordered' })).body.dueAt, null)
  assert.equal((await grace.post(`${at}/start`, {})).body.state, 'in-progress')
  const photos = [newId()]
  assert.equal((await grace.post(`${at}/resolve`, { text: 'New lock', photos })).body.state, 'resolved')
  assert.equal((await grace.post(`${at}/close`, {})).status, 403)
  const closed = await me.post(`${at}/close`, {})
  assert.deepEqual([closed.body.state, closed.body.possible], ['closed', ['reopen']])
  assert.deepEqual(
    closed.body.notes.map(({ act }: any) => act),
    ['open', 'assign', 'start', 'comment', 'wait', 'start', 'resolve', 'close'],
  )
  assert.deepEqual(closed.body.notes[6].photos, photos)
  assert.equal((await grace.post(`${at}/comments`, { text: 'Late' })).body.code, 'ticket_closed')
  assert.equal((await me.get(`/incidents/${incident.id}`)).body.end, 'solved')
  assert.equal((await p.published(IncidentClosed)).length, 1)
  assert.equal((await p.published(TicketOpened)).length, 1)
  assert.equal((await p.published(TicketAssigned)).length, 1)
  assert.equal((await p.published(TicketChanged)).length, 6)
  assert.equal((await me.get('/tickets/count?open=false&state=closed')).body.count, 1)
})

test('of a ticket that is closed and reopened at the same moment one wins, and the other is told', async t => {
  const { me, grace, at, technician } = await ticketed(t)
  await me.post(`${at}/assign`, { technicianId: technician.id })
  await grace.post(`${at}/start`, {})
  const { headers } = await grace.post(`${at}/resolve`, {})
  const match = { 'if-match': String(headers.etag) }
  const answers = await Promise.all([me.post(`${at}/close`, {}, match), me.post(`${at}/reopen`, {}, match)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412])
  const won = answers.find(({ status }) => status === 200)!
  assert.equal((await me.get(at)).body.state, won.body.state)
  assert.equal(answers.find(({ status }) => status === 412)!.body.code, 'version_stale')
})

test('an incident has one ticket that is not closed, and a key makes one ticket', async t => {
  const { me, incident, stationId } = await ticketed(t)
  const again = await me.post('/tickets', { incidentId: incident.id, title: 'Twice' })
  assert.deepEqual([again.status, again.body.code], [409, 'ticket_exists'])
  assert.equal((await me.post('/tickets', { title: 'Nothing' })).body.code, 'ticket_about_nothing')
  const key = { 'idempotency-key': 'once' }
  const [one, other] = [
    await me.post('/tickets', { stationId, title: 'Clean it', priority: 'low' }, key),
    await me.post('/tickets', { stationId, title: 'Clean it', priority: 'low' }, key),
  ]
  assert.equal(one.body.id, other.body.id)
  assert.ok(one.body.number > 1)
})

test('an operator reads and does nothing with tickets of another, nor does a technician with those of another', async t => {
  const { operator, as, me, at, technician, stationId } = await ticketed(t)
  await me.post(`${at}/assign`, { technicianId: technician.id })
  for (const stranger of [operator(), as({ role: 'technician' })]) {
    assert.equal((await stranger.get(at)).body.code, 'ticket_unknown')
    assert.equal((await stranger.post(`${at}/resolve`, {})).body.code, 'ticket_unknown')
    assert.deepEqual(await stranger.list('/tickets'), [])
  }
  const rival = operator()
  const theirs = (await rival.post('/technicians', { userId: newId(), name: 'Eve' })).body
  assert.equal((await me.post(`${at}/assign`, { technicianId: theirs.id })).body.code, 'technician_unknown')
  assert.equal((await rival.post('/tickets', { stationId, title: 'Mine?' })).body.code, 'editor_required')
  assert.equal((await as().get('/tickets')).status, 403)
})

test('a technician who is removed with open tickets hands those back', async t => {
  const { me, grace, at, technician } = await ticketed(t)
  await me.post(`${at}/assign`, { technicianId: technician.id })
  await grace.post(`${at}/start`, {})
  assert.equal((await me.delete(`/technicians/${technician.id}`)).status, 204)
  const { body } = await me.get(at)
  assert.deepEqual([body.state, body.technicianId, body.assigneeId], ['open', null, null])
  assert.equal(body.notes.at(-1).act, 'hand-back')
  assert.equal((await grace.post(`${at}/resolve`, {})).body.code, 'ticket_unknown')
  assert.equal((await me.post(`${at}/assign`, { technicianId: technician.id })).body.code, 'technician_unknown')
})

test('a technician who leaves the platform hands back too, and what a person reported is forgotten with them', async t => {
  const { p, me, grace, at, technician, incident } = await ticketed(t)
  const { reports } = (await me.get(`/incidents/${incident.id}`)).body
  await grace.post('/incidents', { stationId: incident.stationId, fault: 'cable', text: 'Mine' })
  await me.post(`${at}/assign`, { technicianId: technician.id })
  const gone = { userId: grace.userId, email: 'grace@example.com', locale: 'en' as const, version: 2 }
  await p.publish(UserDeleted, gone)
  await p.settle()
  assert.equal((await me.get(at)).body.state, 'open')
  assert.deepEqual(await me.list('/technicians'), [])
  const left = (await me.get(`/incidents/${incident.id}`)).body.reports
  assert.equal(left.length, reports.length + 1)
  assert.ok(left.every(({ text }: any) => text === null))
})

test('of an organisation that is gone no technician is sent anywhere, and how long its tickets may take is forgotten', async t => {
  const { p, operator } = await ticketed(t)
  const organisation = { id: newId(), role: 'admin' as const }
  const [me, other] = [operator({ organisation }), operator()]
  const day = { workingHours: '1-7 00:00-23:59', holidays: [], criticalS: 60, highS: null, normalS: null, lowS: null }
  for (const who of [me, other]) {
    assert.equal((await who.post('/technicians', { userId: newId(), name: 'Eve' })).status, 201)
    assert.equal((await who.put('/sla', day, { 'if-match': '"0"' })).status, 200)
  }
  await p.publish(OrganisationDeleted, { organisationId: organisation.id, name: 'Voltaic', members: [], version: 9 })
  await p.settle()
  assert.deepEqual([await me.list('/technicians'), (await me.get('/sla')).body.version], [[], 0])
  assert.deepEqual([(await other.list('/technicians')).length, (await other.get('/sla')).body.version], [1, 1])
})

test('who is told in time: a quarter before the end and at it, each once, and not while it waits for a part', async t => {
  const { p, me, grace, at, ticket, technician, pass, periodically } = await ticketed(t)
  // 08:00 in UTC is 09:00 in Berlin: nine hours of this Thursday, ten of Friday, one of Monday.
  assert.equal(ticket.dueAt, '2027-02-22T08:00:00.000Z')
  await me.post(`${at}/assign`, { technicianId: technician.id })
  await grace.post(`${at}/start`, {})
  await grace.post(`${at}/wait`, {})
  pass(4 * 24 * hour)
  await periodically(/time runs out/)
  assert.deepEqual(await p.published(TicketSlaAtRisk), [])
  // Monday, 09:00 in Berlin: nothing was used up yet.
  assert.equal((await grace.post(`${at}/start`, {})).body.dueAt, '2027-02-24T08:00:00.000Z')
  pass(30 * hour)
  for (let time = 0; time < 2; time++) await periodically(/time runs out/)
  assert.equal((await p.published(TicketSlaAtRisk)).length, 1)
  pass(24 * hour)
  for (let time = 0; time < 2; time++) await periodically(/time runs out/)
  assert.equal((await p.published(TicketSlaMissed)).length, 1)
  assert.equal((await me.get(at)).body.escalation, 2)
})

test('an incident that lasts gets a ticket by itself, once', async t => {
  const { me, charger, says, owner, pass, periodically } = await ticketed(t)
  await charger('CP-1', owner)
  await says('CP-1', 'faulted')
  await periodically(/last a ticket/)
  assert.equal((await me.list('/tickets')).length, 1)
  pass(40 * minute)
  for (let time = 0; time < 2; time++) await periodically(/last a ticket/)
  const [ticket, ...more] = await me.list('/tickets')
  assert.deepEqual([more.length, ticket.title, ticket.priority], [1, 'CP-1: GroundFailure', 'high'])
})

test('a ticket of another priority goes on by the clock of that, with the time it has used, and once it is closed no more', async t => {
  const { p, me, grace, operator, at, ticket, pass, now, periodically } = await ticketed(t)
  const dueIn = (body: { dueAt: string }) => (Date.parse(body.dueAt) - now().getTime()) / hour
  const put = (priority: string, headers = {}) => me.put(`${at}/priority`, { priority }, headers)
  const critical = await put('critical')
  assert.deepEqual([critical.status, critical.body.priority, dueIn(critical.body)], [200, 'critical', 4], critical.text)
  pass(3.5 * hour)
  await periodically(/time runs out/)
  assert.equal((await me.get(at)).body.escalation, 1)
  const normal = await put('normal')
  assert.equal(normal.body.escalation, 0, 'there is time again')
  const again = await put('critical', { 'if-match': `"${normal.body.version}"` })
  assert.equal(again.status, 200)
  await periodically(/time runs out/)
  assert.equal((await p.published(TicketSlaAtRisk)).length, 2)
  assert.equal((await put('low', { 'if-match': '"1"' })).body.code, 'version_stale')
  assert.equal((await grace.put(`${at}/priority`, { priority: 'low' })).status, 403)
  assert.equal((await operator().put(`${at}/priority`, { priority: 'low' })).body.code, 'ticket_unknown')
  assert.deepEqual(
    again.body.notes.filter(({ act }: any) => act === 'prioritise').map(({ text }: any) => text),
    ['critical', 'normal', 'critical'],
  )
  assert.equal((await p.published(TicketChanged)).filter(({ ticketId }) => ticketId === ticket.id).length, 3)
  await me.post(`${at}/close`, {})
  assert.equal((await put('low')).body.code, 'ticket_closed')
})

test('an operator says how long their tickets may take and when their clock runs; others keep what the platform has', async t => {
  const { me, operator, station, now } = await ticketed(t)
  const none = await me.get('/sla')
  assert.deepEqual([none.status, none.body.version, none.body.highS], [200, 0, null])
  assert.match(String(none.headers.etag), /^"0-/)
  const day = {
    workingHours: '1-7 00:00-23:59',
    holidays: [],
    criticalS: 1_800,
    highS: null,
    normalS: 7_200,
    lowS: null,
  }
  const said = await me.put('/sla', day, { 'if-match': '"0"' })
  assert.deepEqual([said.status, said.body], [200, { ...day, escalateTo: null, version: 1 }], said.text)
  assert.equal((await me.put('/sla', day, { 'if-match': '"0"' })).body.code, 'version_stale')
  for (const wrong of [{ workingHours: '1-8 00:00-23:59' }, { highS: 0 }, { holidays: ['25.12.2027'] }])
    assert.equal((await me.put('/sla', { ...day, ...wrong })).status, 400, JSON.stringify(wrong))
  const due = async (who: typeof me, priority: string) => {
    const stationId = await station({ stationId: newId(), owner: { kind: 'person', id: who.userId } })
    const { body } = await who.post('/tickets', { stationId, title: 'Dark', priority })
    return (Date.parse(body.dueAt) - now().getTime()) / hour
  }
  assert.equal(await due(me, 'critical'), 0.5)
  assert.equal(await due(me, 'normal'), 2)
  assert.equal(await due(operator(), 'critical'), 4)
  assert.equal((await operator().get('/sla')).body.version, 0)
})

test('a ticket that is late is escalated to whom its operator says, while they belong there', async t => {
  const { p, members, operator, as, station, pass, periodically } = await open(t)
  const owner: Owner = { kind: 'organisation', id: newId() }
  const [lead, chief, stranger] = [newId(), newId(), newId()]
  const me = operator({ organisation: { id: owner.id, role: 'admin' } })
  members.set(owner.id, new Map([[me.userId, 'admin'] as const, [lead, 'editor'] as const, [chief, 'owner'] as const]))
  const none = { workingHours: null, holidays: null, criticalS: 3_600, highS: null, normalS: null, lowS: null }
  const late = async (escalateTo: object | null | undefined, meanwhile = () => {}) => {
    const said = await me.put('/sla', { ...none, ...(escalateTo !== undefined && { escalateTo }) })
    assert.deepEqual([said.status, said.body.escalateTo], [200, escalateTo ?? null], said.text)
    assert.deepEqual((await me.get('/sla')).body, said.body)
    const stationId = await station({ stationId: newId(), owner })
    const { body } = await me.post('/tickets', { stationId, title: 'Dark', priority: 'critical' })
    pass(50 * minute)
    await periodically(/time runs out/)
    meanwhile()
    pass(20 * minute)
    await periodically(/time runs out/)
    const of = async (event: typeof TicketSlaMissed | typeof TicketSlaAtRisk) =>
      (await p.published(event)).find(({ ticketId }) => ticketId === body.id) as { escalatedTo?: string[] }
    assert.equal((await of(TicketSlaAtRisk)).escalatedTo, undefined, 'not before it is late')
    return (await of(TicketSlaMissed)).escalatedTo
  }
  assert.equal(await late(undefined), undefined)
  assert.deepEqual(await late({ personId: lead }), [lead])
  assert.deepEqual(await late({ role: 'owner' }), [chief])
  assert.deepEqual(await late({ personId: lead }, () => members.get(owner.id)!.delete(lead)), [])
  assert.equal(await late(null), undefined)

  const refused = async (who: typeof me, escalateTo: object) =>
    (await who.put('/sla', { ...none, escalateTo })).body.code
  for (const nobody of [{ personId: stranger }, { personId: lead }, { role: 'viewer' }])
    assert.equal(await refused(me, nobody), 'escalation_unknown', JSON.stringify(nobody))
  // Who operates for themselves has technicians, and no roles.
  const alone = operator()
  const grace = as({ role: 'technician' })
  assert.equal(await refused(alone, { personId: grace.userId }), 'escalation_unknown')
  assert.equal(await refused(alone, { role: 'owner' }), 'escalation_unknown')
  await alone.post('/technicians', { userId: grace.userId, name: 'Grace' })
  const escalateTo = { personId: grace.userId }
  assert.deepEqual((await alone.put('/sla', { ...none, escalateTo })).body.escalateTo, escalateTo)
  const gone = { userId: grace.userId, email: 'grace@example.com', locale: 'en' as const, version: 2 }
  await p.publish(UserDeleted, gone)
  await p.settle()
  assert.equal((await alone.get('/sla')).body.escalateTo, null)
})

test('what was done without a network counts from when it was done, once, and is late only where it was', async t => {
  const { me, grace, at, technician, pass, now, periodically, ticket } = await ticketed(t)
  await me.post(`${at}/assign`, { technicianId: technician.id })
  await grace.post(`${at}/start`, {})
  pass(hour)
  const done = now().toISOString()
  pass(5 * 24 * hour)
  await periodically(/time runs out/)
  assert.equal((await me.get(at)).body.escalation, 2, 'as far as anybody knew')
  const key = { 'idempotency-key': 'resolved' }
  const said = await grace.post(
    `${at}/comments`,
    { text: 'The lock is worn.', at: done },
    { 'idempotency-key': 'said' },
  )
  const told = await grace.post(`${at}/resolve`, { text: 'New lock', at: done }, key)
  assert.deepEqual([said.status, told.body.state, told.body.escalation], [201, 'resolved', 1], told.text)
  assert.equal((await grace.post(`${at}/resolve`, { text: 'New lock', at: done }, key)).body.version, told.body.version)
  assert.deepEqual(
    told.body.notes.slice(-2).map(({ act, notedAt, toldAt }: any) => [act, notedAt, toldAt]),
    [
      ['comment', done, now().toISOString()],
      ['resolve', done, now().toISOString()],
    ],
  )

  // Clocks of telephones go wrong.
  await me.post(`${at}/reopen`, {})
  const notedAt = async (when: string) => {
    const { body } = await grace.post(`${at}/comments`, { text: 'When?', at: when })
    return [body.notes.at(-1).notedAt, body.notes.at(-1).toldAt]
  }
  assert.deepEqual(await notedAt('2099-01-01T00:00:00Z'), [now().toISOString(), null])
  const [first] = await notedAt('1999-01-01T00:00:00Z')
  assert.ok(first >= ticket.createdAt)
  assert.equal((await grace.post(`${at}/comments`, { text: 'When?', at: 'noon' })).status, 400)
})
