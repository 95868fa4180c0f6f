import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strFromU8, unzipSync } from 'fflate'
import { keepers } from '#contracts/personal'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { everythingHappens } from './journeys/everything.ts'

const services = await choose()

/**
 * Columns that name somebody in what is not theirs: it is of the organisation or the customer for whom they did it, and
 * would tell them of others.
 */
const ofOthers = new Set([
  'passports.versions.actor_id',
  'notifications.messages.actor_id',
  'ocpp.transfers.asked_by',
  'maintenance.remedies.asked_by',
  'maintenance.tickets.assignee_id',
  'vendors.vendors.decided_by',
  'vendors.account_changes.changed_by',
  'vendors.payouts.requested_by',
  'vendors.payouts.approved_by',
  'vendors.payouts.ended_by',
  'vendors.payout_files.created_by',
  'admin.audit.actor_id',
  'admin.audit.object',
  'admin.approvals.asked_by',
  'admin.approvals.decided_by',
  // Those at whose charger somebody else charged, or from whom somebody else bought.
  'sessions.sessions.owner_id',
  'analytics.sessions.owner_id',
  'analytics.driver_months.owner_id',
  'booking.bookings.owner_id',
  'billing.charges.seller_id',
  // Nothing but secrets.
  'identity.totp.user_id',
  'identity.recovery_codes.user_id',
  'identity.challenges.user_id',
  'identity.pending_sign_ins.user_id',
])

interface Sighting {
  table: string
  column: string
  person: string
}

test('whoever asks for all that the platform keeps of them gets every row that names them', async t => {
  const p = await everythingHappens(services)
  t.after(() => p.close())
  await p.settle()
  const db = p.db('kernel')
  const people = (await p.db('identity')<{ id: string }[]>`select id from users`).map(({ id }) => id)
  assert.ok(people.length > 3)

  const given = new Map<string, Record<string, unknown[]>>()
  for (const person of people) {
    const answer = await p.http.inject({ url: '/api/users/export', headers: p.signedIn({ userId: person }) })
    assert.equal(answer.statusCode, 200, answer.body)
    const files = unzipSync(answer.rawPayload)
    const tables = Object.entries(files).map(([name, bytes]) => [name.slice(0, -5), JSON.parse(strFromU8(bytes))])
    given.set(person, Object.fromEntries(tables))
  }

  const columns = await db<{ schema: string; table: string; column: string }[]>`
    select table_schema as schema, table_name as table, column_name as column from information_schema.columns
    join pg_class on relname = table_name and relnamespace = table_schema::regnamespace
    where table_schema = any(${services.map(({ name }) => name)}) and data_type in ('uuid', 'text')
      and relkind in ('r', 'p') and not relispartition`
  const seen: Sighting[] = []
  for (const { schema, table, column } of columns) {
    const rows = await p.db(schema)<{ person: string }[]>`
      select distinct ${db(column)}::text as person from ${db(`${schema}.${table}`)}
      where ${db(column)}::text = any(${people})`
    for (const { person } of rows) seen.push({ table: `${schema}.${table}`, column, person })
  }
  assert.ok(seen.length > 50, `${seen.length} columns name somebody`)
  const missing = seen.filter(({ table, column, person }) => {
    const rows = given.get(person)![table.replace('.', '/')] as Record<string, unknown>[] | undefined
    return !ofOthers.has(`${table}.${column}`) && !rows?.some(row => row[column] === person)
  })
  assert.deepEqual([...new Set(missing.map(({ table, column }) => `${table}.${column}`))], [])

  const everything = JSON.stringify([...given.values()])
  assert.doesNotMatch(everything, /"[a-z_]*(password_hash|secret|token_hash|refresh_hash)[a-z_]*":/)
  for (const [person, tables] of given)
    for (const other of people)
      if (other !== person)
        assert.ok(
          !((tables['identity/users'] ?? []) as { id: string }[]).some(({ id }) => id === other),
          'nobody gets the account of another',
        )
})

test('an export of more rows than a page holds has each of them once', async t => {
  const p = await start(t, services)
  const headers = p.signedIn({ userId: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d' })
  await p.db('users')`
    insert into addresses (id, user_id, name, lines, country, default_billing, default_shipping, version, created_at)
    select gen_random_uuid(), '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d', 'n' || n, '{Street 1}', 'CH', false, false, 1, now()
    from generate_series(1, 1234) n`
  const answer = await p.http.inject({ url: '/api/users/export', headers })
  assert.equal(answer.statusCode, 200)
  assert.match(String(answer.headers['content-disposition']), /^attachment; filename="ohmnibus-\d{4}-\d\d-\d\d\.zip"$/)
  const rows = JSON.parse(strFromU8(unzipSync(answer.rawPayload)['users/addresses.json']!)) as { name: string }[]
  assert.equal(new Set(rows.map(({ name }) => name)).size, 1234)
  assert.equal(rows.length, 1234)
})

test('where a service is away nothing is sent, so that nobody believes half is everything', async t => {
  const p = await start(
    t,
    services.filter(({ name }) => name !== 'content'),
  )
  const answer = await p.http.inject({ url: '/api/users/export', headers: p.signedIn({}) })
  assert.equal(answer.statusCode, 503, answer.body)
})

test('every service that declares what it keeps of persons is asked, and each that is asked declares it', () => {
  const declared = services.filter(({ personal }) => personal).map(({ name }) => name)
  assert.deepEqual(declared.toSorted(), [...keepers].toSorted())
})
