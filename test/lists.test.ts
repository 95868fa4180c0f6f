import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { holders, holdings } from '#contracts/holdings'
import type { Role } from '#contracts/shared'
import { choose } from '../services/all.ts'
import { everythingHappens } from './journeys/everything.ts'

/** JSON of any depth, as OpenAPI and answers have it. */
type Json = Record<string, any>

const openapi = JSON.parse(readFileSync(join(import.meta.dirname, '../docs/api/openapi.json'), 'utf8')) as Json
const queryOf = (path: string): string[] =>
  (openapi.paths[path]?.get?.parameters ?? [])
    .map((one: Json) => (one.$ref ? openapi.components.parameters[one.$ref.split('/').at(-1)] : one))
    .filter((one: Json) => one.in === 'query')
    .map(({ name }: Json) => name as string)
const lists = Object.keys(openapi.paths).filter(
  path => queryOf(path).includes('createdFrom') && !path.endsWith('/count'),
)

/** Lists of records of which there are more every day. */
const growing = `
  /api/auth/users /api/auth/organisations /api/auth/organisations/{id}/members /api/auth/sessions /api/auth/sign-ins
  /api/auth/users/{id}/sign-ins /api/passports /api/documents /api/notifications /api/notifications/deliveries
  /api/ocpp/chargers /api/ocpp/tokens /api/ocpp/chargers/{id}/commands /api/stations /api/stations/sites /api/bookings
  /api/billing/charges /api/billing/sales /api/billing/company/charges /api/billing/invoices /api/billing/credits
  /api/orders /api/orders/sales /api/orders/returns /api/orders/coupons /api/orders/gift-cards
  /api/marketplace/listings /api/vendors/products /api/admin/products /api/marketplace/reviews
  /api/marketplace/products/{id}/reviews /api/vendors /api/vendors/applications /api/admin/vendors
  /api/vendors/payouts /api/vendors/payout-files /api/users/subscriptions /api/users/purchases
  /api/content/jobs/{slug}/applications /api/content/blog /api/content/help /api/content/jobs /api/content/tutorials /api/events/dead-letters`
  .trim()
  .split(/\s+/)
/** Those that are filtered by another span of their own, and counted all the same. */
const counted = ['/api/maintenance/tickets', '/api/maintenance/incidents', '/api/maintenance/works', '/api/sessions']

const platform = choose().then(services => everythingHappens(services))
after(async () => await (await platform).close())

test('every list of records that grows is filtered by time, and has a count', () => {
  const without = growing.filter(path => !queryOf(path).includes('createdTo') || !queryOf(path).includes('createdFrom'))
  assert.deepEqual(without, [], 'by when records were made')
  assert.deepEqual(
    [...growing, ...counted].filter(path => !openapi.paths[`${path}/count`]),
    [],
    'and counted',
  )
  for (const path of growing)
    assert.deepEqual(
      queryOf(`${path}/count`).toSorted(),
      queryOf(path)
        .filter(
          name =>
            !['limit', 'after', 'sort', 'currency', 'language', 'facets'].includes(name) ||
            queryOf(`${path}/count`).includes(name),
        )
        .toSorted(),
      `${path}/count takes what its list takes`,
    )
  const changing = [
    '/api/passports',
    '/api/documents',
    '/api/stations',
    '/api/stations/sites',
    '/api/maintenance/tickets',
  ]
  for (const path of [...changing, '/api/marketplace/listings', '/api/vendors/products', '/api/content/blog'])
    assert.ok(queryOf(path).includes('changedSince'), path)
})

/** Which rows stand for `{id}`, and in which schema. */
const parameters: Record<string, [schema: string, statement: string]> = {
  '/api/auth/organisations/{id}/members': ['identity', 'select organisation_id from members'],
  '/api/auth/users/{id}/sign-ins': ['identity', 'select user_id from sign_ins'],
  '/api/ocpp/chargers/{id}/commands': ['ocpp', 'select charger_id from commands'],
  '/api/ocpp/chargers/{id}/alerts': ['ocpp', 'select charger_id from alerts'],
  '/api/content/jobs/{slug}/applications': ['content', 'select job_id from applications'],
  '/api/marketplace/products/{id}/reviews': ['marketplace', "select product_id from reviews where state = 'visible'"],
}
/** What a list has to be asked for, lest it have nothing. */
const asked: Record<string, string> = {
  '/api/marketplace/reviews': 'state=visible',
  '/api/vendors/applications': 'status=active',
  '/api/admin/vendors': 'status=active',
  '/api/admin/products': 'status=active',
}

/** When a record was made, whatever it is called there. */
const madeAt = (item: Json): string | undefined =>
  [
    'createdAt',
    'failedAt',
    'requestedAt',
    'startedAt',
    'issuedAt',
    'joinedAt',
    'proposedAt',
    'placedAt',
    'askedAt',
    'at',
  ]
    .map(name => item[name])
    .find(value => typeof value === 'string')

async function walker() {
  const p = await platform
  const people = await p.db('identity')<{ id: string; organisations: string[] }[]>`
    select u.id, array(select organisation_id::text from members m where m.user_id = u.id) as organisations from users u`
  const buyers = await p.db('orders')<{ id: string }[]>`select distinct user_id as id from orders`
  const drivers = await p.db('billing')<{ id: string }[]>`
    select distinct id from (select driver_id as id from charges union select buyer_id from invoices
      union select seller_id from charges union select company_id from charges) c where id is not null`
  const roles: Role[] = ['user', 'operator', 'vendor']
  const askers = [
    p.signedIn({ role: 'admin' }),
    ...[...people.map(({ id }) => id), ...buyers.map(({ id }) => id), ...drivers.map(({ id }) => id)].flatMap(userId =>
      roles.map(role => p.signedIn({ userId, role })),
    ),
    ...people.flatMap(({ id: userId, organisations }) =>
      organisations.flatMap(id =>
        roles.map(role => p.signedIn({ userId, role, organisation: { id, role: 'owner' } as never })),
      ),
    ),
    ...drivers.map(({ id }) => p.signedIn({ role: 'user', organisation: { id, role: 'owner' } as never })),
  ]

  const ask = async (url: string, headers: object): Promise<Json | undefined> => {
    const answer = await p.http.inject({ url, headers: headers as Record<string, string> })
    return answer.statusCode === 200 ? (answer.json() as Json) : undefined
  }
  /** All that paging gives. */
  const all = async (path: string, query: string, headers: object): Promise<Json[]> => {
    const items: Json[] = []
    for (let after = ''; ;) {
      const page = await ask(`${path}?limit=7&${query}${after && `&after=${encodeURIComponent(after)}`}`, headers)
      assert.ok(page, `${path}?${query}`)
      items.push(...page.items)
      if (!page.nextCursor) return items
      after = page.nextCursor
    }
  }
  return { p, askers, ask, all }
}

test(
  'a list holds what was made in a span of time, and its count is what paging gives',
  { timeout: 600_000 },
  async () => {
    const { p, askers, ask, all } = await walker()
    // Whose reaction failed: there is none, if all goes well.
    await p.db('kernel')`
      insert into kernel.dead_letters (subscription, position, service, key, state, topic, event_id, trace_id, actor, data,
        published_at, failed_at)
      select s.name, n, s.service, 'k' || n, 'dead', s.topic, gen_random_uuid(), '', '{}', '{}', now(), now() - n * interval '1 hour'
      from (select * from kernel.subscriptions limit 1) s, generate_series(1, 9) n`
    for (const name of ['First', 'Second'])
      await p.http.inject({ method: 'POST', url: '/api/stations/sites', headers: askers[0]!, payload: { name } })
    const empty: string[] = []
    for (const template of lists) {
      const more = asked[template] ?? ''
      const [schema, statement] = parameters[template] ?? []
      const ids = schema ? (await p.db(schema).unsafe(statement!)).map(row => String(Object.values(row)[0])) : ['']
      let best: { path: string; headers: object; items: Json[] } | undefined
      for (const id of new Set(ids))
        for (const headers of askers) {
          const path = template.replace(/\{\w+\}/, encodeURIComponent(id))
          const page = await ask(`${path}?limit=100&${more}`, headers)
          const times = (items: Json[]) => new Set(items.map(madeAt)).size
          if (page && times(page.items) > times(best?.items ?? [])) best = { path, headers, items: page.items }
          if (times(best?.items ?? []) > 3) break
        }
      if (!best) {
        empty.push(template)
        continue
      }
      const { path, headers } = best
      const items = await all(path, more, headers)
      const texts = (some: readonly Json[]) => some.map(one => JSON.stringify(one.id ?? one)).toSorted()
      const isCount = async (query: string, found: readonly Json[]) =>
        assert.deepEqual(
          await ask(`${path}/count?${query}`, headers),
          { count: found.length, exact: true },
          `${path} ${query}`,
        )
      await isCount(more, items)
      const times = [...new Set(items.map(madeAt))].filter(time => time !== undefined).toSorted()
      for (const time of [times.at(-1), times[Math.floor(times.length / 2)], '2000-01-01T00:00:00.000Z']) {
        if (time === undefined) continue
        const [late, early] = [`${more}&createdFrom=${time}`, `${more}&createdTo=${time}`]
        const [since, before] = [await all(path, late, headers), await all(path, early, headers)]
        assert.deepEqual(texts([...since, ...before]), texts(items), `${path} falls into two at ${time}`)
        if (madeAt(items[0]!))
          assert.ok(since.every(one => madeAt(one)! >= time) && before.every(one => madeAt(one)! < time), path)
        await isCount(late, since)
        await isCount(early, before)
      }
      assert.deepEqual(await all(path, `${more}&createdFrom=2999-01-01T00:00:00.000Z`, headers), [], path)
      if (!queryOf(template).includes('changedSince')) continue
      assert.deepEqual(await all(path, `${more}&changedSince=2999-01-01T00:00:00.000Z`, headers), [], path)
      const changed = (one: Json): string => one.updatedAt ?? one.changedAt ?? ''
      // Some do not say when they changed.
      if (items.map(changed).includes('')) continue
      const last = items.map(changed).toSorted().at(-1)!
      const since = await all(path, `${more}&changedSince=${last}`, headers)
      assert.deepEqual(texts(since), texts(items.filter(one => changed(one) >= last)), `${path} changedSince`)
      await isCount(`${more}&changedSince=${last}`, since)
    }
    assert.deepEqual(empty, [], 'of every list somebody has something')
  },
)

/** A table of which one row is copied ten thousand times, what makes each another one, and who then asks what. */
const copies: [table: string, other: string, url: string][] = [
  ['orders.orders', "'id', gen_random_uuid(), 'number', 'N' || n, 'cart_id', gen_random_uuid()", '/api/orders/count'],
  ['orders.order_parts', "'id', gen_random_uuid(), 'order_id', gen_random_uuid()", '/api/orders/sales/count'],
  ['orders.returns', "'id', gen_random_uuid()", '/api/orders/returns/count'],
  ['vendors.payouts', "'id', gen_random_uuid()", '/api/vendors/payouts/count'],
  [
    'marketplace.reviews',
    "'id', gen_random_uuid(), 'user_id', null, 'state', 'held'",
    '/api/marketplace/reviews/count?state=held',
  ],
  [
    'marketplace.products',
    "'id', gen_random_uuid(), 'slug', 's' || n, 'reference', null, 'passport_id', null, 'kind', 'physical', 'for_sale', false",
    '/api/marketplace/listings/count',
  ],
  ['stations.sites', "'id', gen_random_uuid()", '/api/stations/sites/count'],
  ['identity.users', "'id', gen_random_uuid(), 'email', 'e' || n || '@example.com'", '/api/auth/users/count'],
  ['booking.bookings', "'id', gen_random_uuid(), 'state', 'cancelled', 'offered_until', null", '/api/bookings/count'],
  ['billing.credits', "'id', gen_random_uuid(), 'state', 'proposed', 'decided_at', null", '/api/billing/credits/count'],
  [
    'passports.passports',
    "'id', gen_random_uuid(), 'identifier', 'i' || n, 'serial', null, 'code', null",
    '/api/passports/count',
  ],
]

test('a count stops at ten thousand and says so, within 50 ms', { timeout: 300_000 }, async () => {
  const { p } = await walker()
  const headers = p.signedIn({ role: 'admin' })
  for (const [name, other, url] of copies) {
    const [schema, table] = name.split('.') as [string, string]
    await p.db(schema).begin(async tx => {
      // What is copied refers to nothing of its own.
      await tx`set local session_replication_role = replica`
      const columns = await tx<{ name: string }[]>`
        select column_name as name from information_schema.columns
        where table_schema = ${schema} and table_name = ${table} and is_generated = 'NEVER' and identity_generation is null`
      const list = columns.map(({ name }) => `"${name}"`).join(', ')
      await tx.unsafe(`
        insert into ${name} (${list})
        select ${columns.map(({ name }) => `(made)."${name}"`).join(', ')}
        from (select jsonb_populate_record(null::${name}, to_jsonb(r) || jsonb_build_object(${other})) as made
          from (select * from ${name} limit 1) r, generate_series(1, 10050) n) copied`)
    })
    await p.db(schema).unsafe(`analyze ${name}`)
    let least = Infinity
    for (let tries = 0; tries < 8; tries++) {
      const begun = performance.now()
      const answer = await p.http.inject({ url, headers })
      least = Math.min(least, performance.now() - begun)
      assert.deepEqual(answer.json(), { count: 10_000, exact: false }, url)
    }
    assert.ok(least < 50, `${url} took ${Math.round(least)} ms`)
  }
})

const any = 'id = (select id from'
/** How a row of each becomes an organisation's, as `$1`. */
const becomes: Record<string, [schema: string, statement: string]> = {
  passports: ['passports', `update passports set owner_id = $1 where ${any} passports limit 1)`],
  documents: ['documents', `update documents set owner_id = $1 where ${any} documents limit 1)`],
  chargers: ['ocpp', `update chargers set owner_id = $1, owner_kind = 'organisation' where ${any} chargers limit 1)`],
  tokens: ['ocpp', `update tokens set owner_id = $1 where ${any} tokens limit 1)`],
  stations: [
    'stations',
    `update stations set owner_id = $1, owner_kind = 'organisation' where ${any} stations where deleted_at is null limit 1)`,
  ],
  sites: ['stations', `update sites set owner_id = $1 where ${any} sites limit 1)`],
  openTickets: ['maintenance', `update tickets set owner_id = $1, state = 'open' where ${any} tickets limit 1)`],
  plannedWorks: ['maintenance', `update works set owner_id = $1, state = 'planned' where ${any} works limit 1)`],
  openBookings: [
    'booking',
    `update bookings set owner_id = $1, owner_kind = 'organisation', state = 'reserved', offered_until = null,
      station_id = gen_random_uuid() where ${any} bookings limit 1)`,
  ],
  openInvoices: [
    'billing',
    `update invoice_states set buyer_id = $1, kind = 'invoice', paid_minor = 0, credited_minor = 0, gross_minor = 100
      where invoice_id = (select invoice_id from invoice_states limit 1)`,
  ],
  debts: [
    'billing',
    `insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, balance_minor)
      values (gen_random_uuid(), 'debt', 'organisation', $1, 'EUR', -5)`,
  ],
  terminals: ['billing', `update terminals set owner_id = $1, deleted_at = null where ${any} terminals limit 1)`],
  listings: [
    'marketplace',
    `update products set owner_id = $1 where ${any} products where deleted_at is null and for_sale limit 1)`,
  ],
  openSales: [
    'orders',
    `update order_parts set vendor_id = $1, state = 'processing' where ${any} order_parts limit 1)`,
  ],
  openReturns: [
    'orders',
    `update returns set vendor_id = $1, state = 'requested', received_at = null where ${any} returns limit 1)`,
  ],
  balances: [
    'vendors',
    `insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, balance_minor)
      values (gen_random_uuid(), 'available', 'organisation', $1, 'EUR', 5)`,
  ],
  payouts: ['vendors', `update payouts set vendor_id = $1, status = 'requested' where ${any} payouts limit 1)`],
  plans: ['users', `update plans set owner_id = $1, withdrawn_at = null where ${any} plans limit 1)`],
  subscriptions: [
    'users',
    `update subscriptions set plan_id = (select id from plans where owner_id = $1), state = 'active', ended_at = null,
      rest_ms = null where ${any} subscriptions limit 1)`,
  ],
}

test('an organisation that still has something is not deleted, whatever it is and whoever keeps it', async () => {
  const { p } = await walker()
  const [person] = await p.db('identity')`select id from users where role = 'user' and not disabled limit 1`
  const headers = p.signedIn({ userId: person!.id })
  const made = await p.http.inject({
    method: 'POST',
    url: '/api/auth/organisations',
    headers,
    payload: { name: 'Everything' },
  })
  const { id } = made.json()
  const end = () => p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}`, headers })
  const names = holders.flatMap(holder => Object.keys(holdings[holder]))
  assert.deepEqual(Object.keys(becomes).toSorted(), names.toSorted(), 'each is tried')
  const holds: Record<string, number> = {}
  for (const [name, [schema, statement]] of Object.entries(becomes)) {
    await p.db(schema).begin(async tx => {
      // As if it always had been; what else belongs to it does not matter here.
      await tx`set local session_replication_role = replica`
      assert.equal((await tx.unsafe(statement, [id])).count, 1, name)
    })
    holds[name] = 1
    const refused = await end()
    assert.equal(refused.statusCode, 409, refused.body)
    assert.deepEqual(refused.json().holds, holds, name)
  }
  assert.match((await end()).json().detail, /still holds 1 passports, 1 documents, .* First, of the passports: delete/)
})
