import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { UserDeleted } from '#contracts/identity'
import { choose } from '../services/all.ts'
import { baseline, client, type Client } from './journeys/client.ts'
import { everythingHappens } from './journeys/everything.ts'

const services = await choose()

/**
 * Where the id of a person stands who deleted their account, and why: nothing but this says any more who it was. A
 * column that is not here may not have it.
 */
const pseudonyms: readonly (readonly [reason: string, ...columns: string[]])[] = [
  [
    'The battery is followed for as long as it is there (Regulation (EU) 2023/1542, Art. 77(8)): what was published, its history and its papers',
    'passports.passports.owner_id',
    'passports.versions.actor_id',
    'passports.versions.owner_id',
    'passports.assessments.owner_id',
    'passports.serialisations.user_id',
    'passports.serialisations.actor',
    'passports.addressed_readers.invited_by',
    'passports.access_log.reader_id',
    'passports.interest_requests.owner_id',
    'documents.readings.reader_id',
    'documents.documents.owner_id',
    'documents.passport_owners.owner_id',
    'analytics.passports.owner_id',
    'analytics.passport_counts.owner_id',
    'analytics.passport_days.owner_id',
  ],
  [
    'What was charged and paid is kept for the tax office by who sold it, ten years in most countries',
    'sessions.sessions.driver_id',
    'sessions.sessions.owner_id',
    'billing.drivers.driver_id',
    'billing.booking_fees.driver_id',
    'billing.charges.driver_id',
    'billing.charges.seller_id',
    'billing.invoices.buyer_id',
    'billing.invoice_states.buyer_id',
    'billing.invoicing.driver_id',
    'billing.kept_money.driver_id',
    'billing.ledger_accounts.owner_id',
    'billing.payments.payer_id',
    'billing.quotes.driver_id',
    'billing.sellers.owner_id',
    'billing.company_cards.holder_id',
    'billing.company_employees.user_id',
    'analytics.sessions.driver_id',
    'analytics.sessions.owner_id',
    'analytics.sessions.seller_id',
    'analytics.driver_months.driver_id',
    'analytics.driver_months.owner_id',
    'booking.bookings.driver_id',
    'booking.bookings.owner_id',
    'booking.series.driver_id',
  ],
  [
    'What was bought and sold is kept for the tax office, and a buyer may still claim what is broken',
    'orders.orders.user_id',
    'orders.orders.parties',
    'orders.returns.user_id',
    'orders.payments.payer_id',
    'orders.invoices.buyer_id',
    'orders.invoice_states.buyer_id',
    'orders.ledger_accounts.owner_id',
    'orders.commission_rules.vendor_id',
    'orders.offers.vendor_id',
    'orders.offers.listing',
    'orders.sellers.owner_id',
    'marketplace.products.owner_id',
    'marketplace.products.facets',
    'marketplace.variants.owner_id',
    'marketplace.vendor_names.vendor_id',
    'marketplace.vendor_states.vendor_id',
    'users.subscriptions.user_id',
    'users.payments.payer_id',
    'users.invoices.buyer_id',
    'users.invoice_states.buyer_id',
    'vendors.vendors.id',
    'vendors.vendors.decided_by',
    'vendors.decisions.vendor_id',
    'vendors.slugs.vendor_id',
    'vendors.products.vendor_id',
    'vendors.reviews.vendor_id',
    'vendors.sold_parts.vendor_id',
    'vendors.commission_rules.vendor_id',
    'vendors.account_changes.vendor_id',
    'vendors.account_changes.changed_by',
    'vendors.payouts.vendor_id',
    'vendors.payouts.requested_by',
    'vendors.statements.vendor_id',
    'vendors.moves.vendor_id',
    'vendors.ledger_accounts.owner_id',
  ],
  [
    'That they are gone, for what comes about them afterwards',
    'marketplace.leavers.user_id',
    'users.leavers.user_id',
    'identity.revocations.user_id',
    'analytics.stations.owner_id',
    'admin.things.id',
    'analytics.places.owner_id',
    'analytics.incidents.owner_id',
    'maintenance.stations.owner_id',
    'stations.stations.owner_id',
    'ocpp.token_changes.owner_id',
    'ocpp.chargers.owner_id',
    'sessions.chargers.owner_id',
    'maintenance.chargers.owner_id',
    'stations.chargers.owner_id',
  ],
  [
    'A charger may still speak of it, and whoever owes stays blocked',
    'ocpp.bookings.driver_id',
    'ocpp.company_cards.holder_id',
    'ocpp.drivers_blocked.driver_id',
    'booking.drivers_blocked.driver_id',
  ],
  [
    'Who did what to others has to be answered for, where they did it for an organisation or as an admin',
    'admin.audit.actor_id',
    'admin.audit.object',
    'admin.audit.details',
    'admin.approvals.asked_by',
    'admin.approvals.decided_by',
    'admin.approvals.object',
    'admin.approvals.payload',
    'identity.invitations.invited_by',
    'identity.organisation_kinds.asked_by',
    'identity.account_log.user_id',
    'identity.account_log.actor_id',
    'maintenance.technicians.user_id',
    'maintenance.tickets.assignee_id',
    'maintenance.ticket_notes.author_id',
    'maintenance.works.planned_by',
    'content.versions.user_id',
    'content.articles.owner_id',
    'ocpp.commands.asked_by',
    'ocpp.transfers.asked_by',
  ],
  [
    'Goes by its age (NOTIFICATION_RETENTION): what others were told of, and what became of mails, the last one of them too',
    'notifications.messages.actor_id',
    'notifications.messages.audience',
    'notifications.messages.told',
    'notifications.messages.facts',
    'notifications.deliveries.user_id',
    'notifications.notifications.user_id',
  ],
]

/** Where a name, an address or a text of theirs may still stand. */
const texts: readonly (readonly [reason: string, ...columns: string[]])[] = [
  ['Who sold there has to tell figures by place; no address is with it', 'analytics.stations.name'],
  ['A pause before the next code; it goes by itself within the hour', 'identity.resends.email'],
  ['What they published of a battery, with its papers', 'documents.documents.file_name', 'documents.documents.title'],
  [
    'Goes by its age (NOTIFICATION_RETENTION), as does what became of the last mail',
    'notifications.messages.facts',
    'notifications.messages.audience',
    'notifications.deliveries.address',
    'notifications.deliveries.name',
    'notifications.mailings.address',
    'notifications.closed_addresses.address',
  ],
  [
    'Goes by itself half a year after, and is of the address alone: whoever applied may have no account',
    'content.applications.name',
    'content.applications.email',
  ],
]

const everyOther = (lists: typeof texts) => new Set(lists.flatMap(([, ...columns]) => columns))

test('of who deletes their account no name, address or text stands anywhere, and their id only where there is a reason', async t => {
  const p = await everythingHappens(services)
  t.after(() => p.close())
  const { port } = p.http.app.server.address() as AddressInfo
  const address = `http://127.0.0.1:${port}`
  const as = (userId: string, more = {}): Client => client(address, p.signedIn({ userId, ...more }))
  const users = await p.db('identity')<{ id: string; email: string; name: string }[]>`
    select id, email, last_name as name from users`
  const idOf = (email: string): string => users.find(user => user.email === email)!.id
  const [ada, grace] = [idOf('ada@example.com'), idOf('hopper@example.com')]

  // What nobody but they can reach, in words that are nowhere else.
  const secret = 'Sesquipedalian'
  const person = as(grace, { role: 'operator' })
  const { id: draft } = await person.get(201, 'POST /api/passports', { data: { ...baseline('D-1'), note: secret } })
  const upload = async (passportId?: string) => {
    const form = new FormData()
    if (passportId) form.append('passportId', passportId)
    form.append('kind', 'other')
    form.append('file', new File([`%PDF-1.7\n${secret}`], `${secret}.pdf`))
    return (await person.get(201, 'POST /api/documents/upload', form)).docId as string
  }
  const papers = [await upload(draft), await upload()]
  const { id: station } = await person.get(201, 'POST /api/stations', { name: `${secret} 1`, directions: secret })
  await person.get(201, 'POST /api/stations/sites', { name: secret })
  await person.get(201, 'POST /api/ocpp/tokens', { idToken: 'HOME-1', label: secret })
  await person.get(201, 'POST /api/users/addresses', {
    name: secret,
    lines: [secret],
    postalCode: '8000',
    city: 'Zürich',
    country: 'CH',
  })
  await p.settle()

  // Their organisation gets another owner first, and they go one after the other.
  const root = as(idOf('admin@ohmnibus.local'), { role: 'admin' })
  const [membership] = await p.db('identity')<{ id: string }[]>`
    select organisation_id as id from members where user_id = ${ada} and role = 'owner'`
  await root.get(204, `PUT /api/auth/organisations/${membership!.id}/members/${grace}`, { role: 'owner' })
  const passwords = { [ada]: 'trains that never stop at noon' }
  const leavers = users.filter(({ email }) => /^(ada|eve|vera)@/.test(email))
  for (const { id } of leavers)
    await as(id).get(204, 'DELETE /api/auth/profile', { password: passwords[id] ?? 'quiet trains at dawn' })
  await p.settle()
  // Grace would leave an organisation without an owner: an admin ends her account with it.
  await p.db('identity')`delete from members where organisation_id = ${membership!.id}`
  await as(grace).get(204, 'DELETE /api/auth/profile', { password: 'quiet trains at dawn' })
  leavers.push(users.find(({ id }) => id === grace)!)
  await p.settle()
  assert.equal(
    (await p.published(UserDeleted)).filter(({ userId }) => leavers.some(({ id }) => id === userId)).length,
    4,
  )

  for (const id of papers) assert.equal((await root.ask(`GET /api/documents/${id}`)).status, 404)
  assert.equal((await root.ask(`GET /api/passports/${draft}`)).status, 404)
  const place = await root.ask(`GET /api/stations/${station}`)
  assert.ok(place.status === 404 || place.body.name === '–', JSON.stringify(place.body))

  const tables = await p.db('kernel')<{ schema: string; table: string }[]>`
    select table_schema as schema, table_name as table from information_schema.tables
    join pg_class on relname = table_name and relnamespace = table_schema::regnamespace
    where table_schema = any(${services.map(({ name }) => name)}) and relkind in ('r', 'p') and not relispartition
    order by 1, 2`
  assert.ok(tables.length > 200, `${tables.length} tables`)
  const [mayName, maySay] = [everyOther(pseudonyms), everyOther(texts)]
  const named = new Set<string>()
  const said = new Set<string>()
  const words = [secret, 'Hopper', ...leavers.map(({ email }) => email)].map(word => word.toLowerCase())
  for (const { schema, table } of tables) {
    const db = p.db(schema)
    const rows = await db<{ row: Record<string, unknown> }[]>`
      select row_to_json(whole) as row from ${db(`${schema}.${table}`)} whole`
    for (const { row } of rows)
      for (const [column, value] of Object.entries(row)) {
        const text = (JSON.stringify(value) ?? '').toLowerCase()
        const place = `${schema}.${table}.${column}`
        if (leavers.some(({ id }) => text.includes(id)) && !mayName.has(place)) named.add(place)
        const word = maySay.has(place) ? undefined : words.find(one => text.includes(one))
        if (word) said.add(`${place}: ${word}`)
      }
  }
  assert.deepEqual([[...said], [...named]], [[], []])
})
