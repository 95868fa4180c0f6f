import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IncidentOpened, TicketAssigned, TicketSlaAtRisk, TicketSlaMissed } from '#contracts/maintenance'
import { newId } from '#kernel'
import { company, edith, everything, grace, open, self, victor } from './testing.ts'

const incident = {
  source: 'fault' as const,
  chargerId: 'CP-1',
  stationId: null,
  evse: 2,
  connector: 1,
  place: 'Market square',
  code: 'GroundFailure',
  priority: 'high' as const,
  openedAt: '2027-02-18T08:30:00.000Z',
}
const ticket = () => ({
  ticketId: newId(),
  number: 1042,
  incidentId: null,
  chargerId: 'CP-1',
  stationId: null,
  owner: company,
  place: 'Market square',
  title: 'Cable does not lock',
  priority: 'high' as const,
  state: 'assigned' as const,
  assigneeId: grace.userId,
  dueAt: '2027-02-18T16:30:00.000Z' as string | null,
  version: 1,
})
const textsOf = (p: Awaited<ReturnType<typeof open>>, event: string, language: string) =>
  p.db('notifications')<{ text: string }[]>`
    select n.text from notifications.notifications n
    where n.event = ${event} and n.title ~ ${language === 'de' ? '^(Auftrag|Für|Störung)' : '^(Ticket|Little|Something)'}`.then(
    rows => [...new Set(rows.map(({ text }) => text))],
  )

test('all of who operates a station see in the application what does not work there, and nobody gets a mail', async t => {
  const p = await open(t)
  await p.publish(IncidentOpened, { ...incident, incidentId: newId(), owner: company })
  await p.publish(IncidentOpened, {
    ...incident,
    incidentId: newId(),
    owner: self,
    source: 'person',
    evse: null,
    code: null,
  })
  await p.publish(IncidentOpened, { ...incident, incidentId: newId(), owner: null })
  await p.settle()
  const [en, de] = ['Something does not work: Market square', 'Störung: Market square']
  assert.deepEqual(await everything(p), {
    mails: [],
    inApp: [
      `ada@example.com: ${en} (incident.opened)`,
      `ada@example.com: ${en} (incident.opened)`,
      `edith@example.com: ${en} (incident.opened)`,
      `grace@example.com: ${de} (incident.opened)`,
      `victor@example.com: ${en} (incident.opened)`,
    ],
  })
  const said = await textsOf(p, 'incident.opened', 'en')
  assert.ok(
    said.some(text => /^The charger reports since .* at point 2: GroundFailure\.$/.test(text)),
    said.join('; '),
  )
  assert.ok(
    said.some(text => /^Somebody reports since [^:]*:\d\d[^:]*: person\.$/.test(text)),
    said.join('; '),
  )
  assert.match(
    (await textsOf(p, 'incident.opened', 'de'))[0]!,
    /^Die Ladestation meldet seit .* an Punkt 2: GroundFailure\.$/,
  )
})

test('a ticket is told to whose it is now, in their language, and to nobody else', async t => {
  const p = await open(t)
  await p.publish(TicketAssigned, ticket())
  await p.publish(TicketAssigned, { ...ticket(), number: 7, assigneeId: edith.userId, dueAt: null })
  await p.publish(TicketAssigned, { ...ticket(), assigneeId: null })
  await p.settle()
  const both = [
    'edith@example.com: Ticket 7 is yours: Cable does not lock (ticket.assigned)',
    'grace@example.com: Auftrag 1042 ist Ihrer: Cable does not lock (ticket.assigned)',
  ]
  // An editor gets no mail about the things of the organisation, but of what they have to do themselves.
  assert.deepEqual(await everything(p), { mails: both, inApp: both })
  assert.deepEqual(await textsOf(p, 'ticket.assigned', 'en'), ['Market square: Cable does not lock.'])
  assert.match(
    (await textsOf(p, 'ticket.assigned', 'de'))[0]!,
    /^Market square: .*\nEr soll bis .*2027.* erledigt sein\.$/,
  )
})

test('of time that runs out hear who has the ticket and who operates the station; managers of it by mail', async t => {
  const p = await open(t)
  await p.publish(TicketSlaAtRisk, { ...ticket(), assigneeId: edith.userId })
  await p.settle()
  const [en, de] = [
    'Little time is left for ticket 1042: Cable does not lock',
    'Für Auftrag 1042 bleibt wenig Zeit: Cable does not lock',
  ]
  const mails = [
    `ada@example.com: ${en} (ticket.sla-at-risk)`,
    `edith@example.com: ${en} (ticket.sla-at-risk)`,
    `grace@example.com: ${de} (ticket.sla-at-risk)`,
  ]
  assert.deepEqual(await everything(p), { mails, inApp: [...mails, `victor@example.com: ${en} (ticket.sla-at-risk)`] })
  assert.match((await textsOf(p, 'ticket.sla-at-risk', 'en'))[0]!, /It should be done by /)
  assert.match((await textsOf(p, 'ticket.sla-at-risk', 'de'))[0]!, /Er soll bis .* erledigt sein/)
})

test('a late ticket is told to those too to whom it is escalated, by mail whatever they are there, once each', async t => {
  const p = await open(t)
  const late = { ...ticket(), assigneeId: grace.userId }
  await p.publish(TicketSlaMissed, { ...late, escalatedTo: [victor.userId, grace.userId] })
  await p.settle()
  const [en, de] = [
    'Ticket 1042 takes too long: Cable does not lock',
    'Auftrag 1042 dauert zu lange: Cable does not lock',
  ]
  const mails = [
    `ada@example.com: ${en} (ticket.sla-missed)`,
    `grace@example.com: ${de} (ticket.sla-missed)`,
    `victor@example.com: ${en} (ticket.sla-missed)`,
  ]
  const inApp = [...mails, `edith@example.com: ${en} (ticket.sla-missed)`].toSorted()
  assert.deepEqual(await everything(p), { mails, inApp })
  assert.match((await textsOf(p, 'ticket.sla-missed', 'en'))[0]!, /It should have been done by /)
  assert.match((await textsOf(p, 'ticket.sla-missed', 'de'))[0]!, /Er sollte bis .* erledigt sein/)

  // Nobody's yet, and nobody has it: whom should it be told to?
  await p.publish(TicketSlaMissed, { ...ticket(), owner: null, assigneeId: null })
  await p.settle()
  assert.deepEqual(await everything(p), { mails, inApp })
})
