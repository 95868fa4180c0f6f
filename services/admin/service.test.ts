import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { SessionCharged } from '#contracts/billing'
import { BookingCancelled, BookingMade } from '#contracts/booking'
import { ArticlePublished, ArticleWithdrawn } from '#contracts/content'
import { DocumentDeleted, DocumentUploaded } from '#contracts/documents'
import {
  ClientConsentGiven,
  OrganisationCreated,
  OrganisationDeleted,
  UserDeleted,
  UserDisabled,
  UserFactorsChanged,
  UserPasswordReset,
  UserRegistered,
  UserRoleChanged,
} from '#contracts/identity'
import { IncidentClosed, IncidentOpened, TicketChanged, TicketOpened } from '#contracts/maintenance'
import { ChargerConnected, ChargerDisconnected } from '#contracts/ocpp'
import { OrderCreated, OrderRefunded, PaymentSucceeded, RefundFailed } from '#contracts/orders'
import { PassportCreated, PassportStatusChanged } from '#contracts/passports'
import { SessionEnded, SessionStarted } from '#contracts/sessions'
import { StationCreated } from '#contracts/stations'
import { CommissionRuleChanged } from '#contracts/vendors'
import { newId } from '#kernel'
import { countsOf } from './figures/things.ts'
import { open, type It } from './testing.ts'

const at = '2027-03-15T12:00:00.000Z'

const person = (userId = newId()) => ({
  userId,
  email: `${userId}@example.com`,
  firstName: 'Zoe',
  name: 'Zoe',
  locale: 'en' as const,
  version: 1,
})

suite('the dashboard', () => {
  const session = (energyWh: number, updatedAt = at) => ({
    sessionId: newId(),
    chargerId: 'CP-1',
    stationId: null,
    evse: 1,
    connector: 1,
    owner: null,
    driverId: null,
    token: null,
    startedAt: at,
    energyWh,
    updatedAt,
  })
  const incident = () => ({
    incidentId: newId(),
    source: 'fault' as const,
    chargerId: 'CP-1',
    stationId: null,
    evse: 1,
    connector: 1,
    owner: null,
    place: 'Market square',
    code: null,
    priority: 'high' as const,
    openedAt: at,
  })
  const refund = (amountMinor: number) => ({
    orderId: newId(),
    number: 'K7M2Q-9XWTB',
    userId: newId(),
    version: 3,
    refundId: newId(),
    currency: 'EUR',
    amountMinor,
    parts: [],
    at,
  })

  async function happenings(it: It) {
    const [stays, leaves] = [person(), person()]
    const [runs, ends] = [session(0), session(0)]
    const [open_, over] = [incident(), incident()]
    const [given, failed] = [refund(500), refund(700)]
    const whole = { whole: false, reason: 'broken', items: [] }
    const ids = Array.from({ length: 11 }, () => newId())
    const ended = { ...ends, energyWh: 18_400, updatedAt: '2027-03-15T13:00:00.000Z' }
    return [
      () => it.p.publish(UserRegistered, stays, undefined, ids[0]),
      () => it.p.publish(UserRegistered, leaves, undefined, ids[1]),
      () => it.p.publish(UserDisabled, { userId: leaves.userId, disabled: true, version: 2 }, undefined, ids[2]),
      () => it.p.publish(UserDeleted, { ...leaves, version: 3 }, undefined, ids[3]),
      () => it.p.publish(SessionStarted, { ...runs, offline: false }, undefined, ids[4]),
      () => it.p.publish(SessionStarted, { ...ends, offline: false }, undefined, ids[5]),
      () =>
        it.p.publish(SessionEnded, { ...ended, endedAt: at, stopReason: null, closedBy: 'charger' }, undefined, ids[6]),
      () => it.p.publish(IncidentOpened, open_, undefined, ids[7]),
      () => it.p.publish(IncidentOpened, over, undefined, ids[8]),
      () => it.p.publish(IncidentClosed, { ...over, closedAt: at, end: 'solved' }, undefined, ids[9]),
      () => it.p.publish(OrderRefunded, { ...given, ...whole }, undefined, ids[10]),
      () => it.p.publish(OrderRefunded, { ...failed, ...whole }),
      () => it.p.publish(RefundFailed, { ...failed, version: 4 }),
    ]
  }

  const shown = async (it: It) => {
    await it.p.settle()
    const { people, sessions, incidents, orders } = (await it.ada.get('dashboard')).body
    return { people, sessions, incidents, refunded: orders.refunded }
  }

  test('has the same figures in whatever order they are told, and as often as they are', async t => {
    const it = await open(t)
    const told = await happenings(it)
    // Backwards, and all twice.
    for (const tell of [...told.toReversed(), ...told]) await tell()
    const { people, sessions, incidents, refunded } = await shown(it)
    assert.deepEqual([people.total, people.disabled], [1, 0], 'who left is not counted, however late they are told of')
    assert.deepEqual([sessions.running, sessions.ended, sessions.energyWh], [1, 1, 18_400])
    assert.deepEqual(incidents, { open: 1, byPriority: { high: 1 } })
    assert.deepEqual(refunded, [{ currency: 'EUR', totalMinor: 500, lately: 500 }], 'what the bank did not take stays')
    const [counted] = await it.p.db('admin')`
      select coalesce(sum(number), 0)::int as counts, (select count(*)::int from things where state is not null) as things
      from counts`
    assert.equal(counted!.counts, counted!.things, 'the counts are those of the things')
  })

  test('has what goes on in every world, as it is told', async t => {
    const it = await open(t)
    // What is not counted of an event is left out of it.
    const tell = (event: Parameters<typeof it.p.publish>[0], ...told: object[]) =>
      Promise.all(told.map(one => it.p.publish(event, { at, ...one } as never)))
    const [a, b, c] = [newId(), newId(), newId()] as const
    await tell(OrganisationCreated, { organisationId: a }, { organisationId: b })
    await tell(OrganisationDeleted, { organisationId: b, name: 'Gone', members: [], version: 2 })
    for (const id of [a, b]) await tell(PassportCreated, { passport: { id }, version: 1 })
    await tell(PassportStatusChanged, { passport: { id: a }, version: 2, status: 'published' })
    await tell(StationCreated, { stationId: a, version: 1 }, { stationId: b, version: 1 })
    const [up, down] = [
      { chargerId: 'CP-1', connectionId: newId() },
      { chargerId: 'CP-2', connectionId: newId() },
    ]
    await tell(ChargerConnected, up, down)
    await tell(ChargerDisconnected, down)
    await tell(
      SessionCharged,
      { sessionId: a, revision: 1, currency: 'EUR', totalMinor: 700 },
      { sessionId: a, revision: 2, currency: 'EUR', totalMinor: 900 },
      { sessionId: b, revision: 1, currency: 'CHF', totalMinor: 300 },
    )
    const order = { orderId: a, version: 1, status: 'pending', currency: 'EUR', totalMinor: 4_900 }
    await tell(OrderCreated, order, { ...order, orderId: b })
    await tell(PaymentSucceeded, { ...order, version: 2, status: 'processing' })
    const ticket = { ticketId: a, priority: 'high', state: 'open', version: 1 }
    await tell(TicketOpened, ticket, { ...ticket, ticketId: b, priority: 'low' }, { ...ticket, ticketId: c })
    await tell(TicketChanged, { ...ticket, ticketId: c, state: 'resolved', version: 3 })
    const booking = { bookingId: a, state: 'reserved', version: 1 }
    await tell(BookingMade, booking, { ...booking, bookingId: b })
    await tell(BookingCancelled, { ...booking, bookingId: b, state: 'cancelled', version: 2 })
    const file = { docId: a, version: 1, kind: 'test-report', sizeBytes: 1_000 }
    await tell(DocumentUploaded, file, { ...file, version: 2, sizeBytes: 1_500 }, { ...file, docId: b })
    await tell(DocumentDeleted, { docId: b, version: 2 })
    const article = { articleId: a, kind: 'post', slug: 'one', version: 1 }
    await tell(ArticlePublished, article, { ...article, articleId: b, kind: 'help' }, { ...article, articleId: c })
    await tell(ArticleWithdrawn, { ...article, articleId: c, version: 2 })
    await it.p.settle()
    const { body } = await it.ada.get('dashboard')
    assert.deepEqual(body.sessions.booked, [
      { currency: 'CHF', totalMinor: 300, lately: 300 },
      { currency: 'EUR', totalMinor: 900, lately: 900 },
    ])
    const none = { total: 0, pending: 0, byStatus: {} }
    assert.partialDeepStrictEqual(body, {
      organisations: { total: 1, lately: 1 },
      passports: { total: 2, byStatus: { draft: 1, published: 1 } },
      stations: { total: 2, connected: 1 },
      incidents: { open: 0, byPriority: {} },
      tickets: { open: 2, byStatus: { open: 2, resolved: 1 }, openByPriority: { high: 1, low: 1 } },
      bookings: { ahead: 1, lately: 2, byStatus: { reserved: 1, cancelled: 1 } },
      documents: { total: 1, sizeBytes: 1_500 },
      articles: { published: 2, byKind: { post: 1, help: 1 } },
      approvals: { waiting: 0 },
      vendors: none,
      products: none,
      orders: {
        total: 2,
        byStatus: { pending: 1, processing: 1 },
        paid: [{ currency: 'EUR', totalMinor: 4_900, lately: 4_900 }],
        refunded: [],
      },
    })
  })

  test('takes less than 100 ms with a million orders: it reads counters, as many as there are days', async t => {
    const it = await open(t)
    const db = it.p.db('admin')
    // Five years of them, in five states and two currencies.
    await db`
      insert into counts
      select kind, state, facet, current_date - day, 110, 11000
      from (values ('order', 'pending', ''), ('order', 'processing', ''), ('order', 'completed', ''),
        ('order', 'cancelled', ''), ('order', 'refunded', ''), ('payment', 'paid', 'EUR'), ('payment', 'paid', 'USD'),
        ('refund', 'given', 'EUR'), ('session', 'ended', ''), ('charge', 'booked', 'EUR'), ('person', 'there', ''),
        ('product', 'active', ''), ('passport', 'published', '')) kinds (kind, state, facet),
        generate_series(0, 1824) day`
    const plan = await it.p.db('admin')`explain ${countsOf(db, '2027-01-01')}`
    assert.doesNotMatch(JSON.stringify(plan), /things/, 'what is counted is not looked at')
    await it.ada.get('dashboard')
    const times = []
    for (let round = 0; round < 5; round++) {
      const begun = performance.now()
      const { body } = await it.ada.get('dashboard')
      times.push(performance.now() - begun)
      assert.equal(body.orders.total, 5 * 1_825 * 110)
      assert.deepEqual(
        body.orders.paid.map(({ currency, totalMinor }: any) => [currency, totalMinor]),
        [
          ['EUR', 1_825 * 11_000],
          ['USD', 1_825 * 11_000],
        ],
      )
    }
    assert.ok(Math.min(...times) < 100, `${times.map(Math.round)} ms`)
  })

  test('is for admins', async t => {
    const it = await open(t)
    for (const path of ['dashboard', 'audit', 'audit/verify', 'audit/export']) {
      assert.equal((await it.as({ role: 'operator' }).get(path)).status, 403, path)
      assert.equal((await it.p.http.inject(`/api/admin/${path}`)).statusCode, 401, path)
    }
  })
})

suite('the audit log', () => {
  const rule = (vendorId: string | null = null) => ({
    ruleId: newId(),
    vendorId,
    categoryId: null,
    basisPoints: 1_200,
    fixed: null,
    from: at,
    until: null,
    version: 1,
  })
  const acts = async (it: It, query = '') => {
    await it.p.settle()
    // What the API answers, as JSON of any shape.
    return (await it.ada.get(`audit${query}`)).body.items as any[]
  }

  test('has what admins do in other services, once, and what others do not', async t => {
    const it = await open(t)
    const [byAdmin, byOther, eventId] = [{ userId: it.grace.userId, role: 'admin' as const }, undefined, newId()]
    const userId = newId()
    const changed = { userId, role: 'vendor' as const, formerRole: 'user' as const, version: 2 }
    await it.p.publish(UserRoleChanged, changed, byAdmin, eventId)
    await it.p.publish(UserRoleChanged, changed, byAdmin, eventId)
    await it.p.publish(UserRoleChanged, { ...changed, version: 3 }, byOther)
    const [only, ...more] = await acts(it)
    assert.deepEqual(more, [])
    assert.deepEqual(
      [only.id, only.actorId, only.service, only.act, only.object, only.details],
      [eventId, it.grace.userId, 'identity', 'user.role-changed', userId, { formerRole: 'user', role: 'vendor' }],
    )
    await it.p.publish(CommissionRuleChanged, rule(), byAdmin)
    assert.equal((await acts(it)).length, 2)
    assert.equal((await acts(it, `?object=${userId}`)).length, 1)
    assert.equal((await acts(it, `?actor=${it.ada.userId}`)).length, 0)
    assert.equal((await acts(it, '?act=commission-rule.changed')).length, 1)
    const { body } = await it.ada.get('audit?limit=1')
    assert.equal((await acts(it, `?limit=1&after=${body.nextCursor}`))[0].id, eventId, 'the older one comes next')
    const acting = { userId: it.ada.userId, role: 'vendor' as const, by: it.grace.userId }
    await it.p.publish(CommissionRuleChanged, rule(), acting)
    const [inTheirPlace] = await acts(it, '?limit=1')
    assert.partialDeepStrictEqual(inTheirPlace, { actorId: it.grace.userId, details: { actedFor: it.ada.userId } })
  })

  test('has what people do to their own accounts, without names, and what nobody signed in did by a mail', async t => {
    const it = await open(t)
    const [userId, clientId, eventId] = [newId(), newId(), newId()]
    const self = { userId, role: 'user' as const }
    const nobody = { userId: null, role: 'system' as const }
    const consent = { userId, clientId, clientName: 'Ada’s planner', actsFor: null, scopes: ['openid'], asked: true }
    await it.p.publish(ClientConsentGiven, consent, self, eventId)
    await it.p.publish(ClientConsentGiven, consent, self, eventId)
    await it.p.publish(UserPasswordReset, { userId, version: 2 }, nobody)
    await it.p.publish(
      UserFactorsChanged,
      { userId, change: 'added', factor: 'passkey', name: 'Ada’s', left: null },
      self,
    )
    const all = await acts(it, `?actor=${userId}`)
    assert.deepEqual(all.map(({ act, object, details }) => [act, object, details]).toSorted(), [
      ['client-consent.given', userId, { clientId, actsFor: null, scopes: ['openid'], asked: true }],
      ['user.factors-changed', userId, { change: 'added', factor: 'passkey', left: null }],
      ['user.password-reset', userId, { version: 2 }],
    ])
    assert.doesNotMatch(JSON.stringify(all), /Ada/)
  })

  test('the audit log cannot be changed', async t => {
    const it = await open(t)
    const byAdmin = { userId: it.ada.userId, role: 'admin' as const }
    for (let count = 0; count < 5; count++) await it.p.publish(CommissionRuleChanged, rule(), byAdmin)
    await it.p.settle()
    const whole = (await it.ada.get('audit/verify')).body
    assert.deepEqual([whole.intact, whole.sealed, whole.broken], [true, 5, null])

    const db = it.p.db('admin')
    for (const change of [
      'update audit set actor_id = gen_random_uuid()',
      'delete from audit',
      'truncate audit cascade',
      'update seals set number = number + 1',
      'delete from seals',
      'truncate seals',
    ])
      await assert.rejects(db.unsafe(change), { code: '42501' }, change)
    for (const method of ['PUT', 'PATCH', 'DELETE'] as const) {
      const headers = it.p.signedIn({ role: 'admin' })
      assert.equal((await it.p.http.inject({ method, url: '/api/admin/audit', headers })).statusCode, 405)
    }

    // Whoever owns the machine can take the guards away; then the chain tells.
    const tampered = async (change: string, expected: object) => {
      await db.begin(async tx => {
        await tx`set local session_replication_role = replica`
        await tx.unsafe(change)
      })
      const { body } = await it.ada.get(`audit/verify?number=${whole.sealed}&hash=${whole.head}`)
      assert.deepEqual({ intact: body.intact, broken: body.broken, contains: body.contains }, expected, change)
    }
    const [third] = await db`select entry_id, details from seals join audit on id = entry_id where number = 3`
    await tampered(`update audit set details = '{}' where id = '${third!.entry_id}'`, {
      intact: false,
      broken: 3,
      contains: true,
    })
    await tampered(`update audit set details = '${third!.details}' where id = '${third!.entry_id}'`, {
      intact: true,
      broken: null,
      contains: true,
    })
    await tampered(
      `delete from seals where number = 5; delete from audit where id not in (select entry_id from seals)`,
      {
        intact: false,
        broken: null,
        contains: false,
      },
    )
    await tampered(`delete from audit where id = '${third!.entry_id}'`, { intact: false, broken: 3, contains: false })
  })

  test('leaves as JSON lines that prove the chain, and as CSV', async t => {
    const it = await open(t)
    const byAdmin = { userId: it.ada.userId, role: 'admin' as const }
    for (let count = 0; count < 3; count++) await it.p.publish(CommissionRuleChanged, rule(), byAdmin)
    await it.p.settle()
    const { text, headers } = await it.ada.get('audit/export')
    assert.match(String(headers['content-disposition']), /audit\.jsonl/)
    const lines = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      lines.map(({ number }) => number),
      [1, 2, 3],
    )
    assert.equal(lines.at(-1)!.hash, (await it.ada.get('audit/verify')).body.head)
    const csv = (await it.ada.get('audit/export?format=csv')).text.split('\r\n')
    assert.match(csv[0]!, /^number,at,actorId,service,act,object,details,id,hash$/)
    assert.match(csv[1]!, /^1,2\d{3}-.*,vendors,commission-rule.changed,/)
    assert.equal((await it.ada.get('audit/export?to=2000-01-01T00:00:00Z')).text, '')
  })

  test('CSV formula injection: no cell is a formula where it is opened', async t => {
    const it = await open(t)
    const db = it.p.db('admin')
    for (const object of ['=1+1', '+1+cmd|x!A0', '-2+3+cmd|x!A0', '@SUM(A1)', '\t=1', ' =1', '\r=1', '"=1"'])
      await db`
        insert into audit values (gen_random_uuid(), now(), gen_random_uuid(), 'admin', ${object}, ${object},
          ${JSON.stringify({ object })})`
    const { text } = await it.ada.get('audit/export?format=csv')
    const rows: string[][] = parse(text)
    assert.equal(rows.length, 9)
    for (const cell of rows.flat()) assert.doesNotMatch(cell, /^\s*[=+@-]/)
  })
})
