import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { holders, holdings } from '#contracts/holdings'
import type { Role } from '#contracts/shared'
import { newId } from '#kernel'
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
  /api/content/jobs/{slug}/applications /api/content/blog /api/content/help /api/content/jobs /api/content/tutorials /api/events/dead-letters
  /api/notifications/webhook-calls /api/notifications/webhooks/{id}/calls
  /api/billing/wallet/postings /api/billing/company/wallet/postings /api/billing/ledger /api/billing/tariffs
  /api/billing/reimbursements /api/billing/company/reimbursements /api/vendors/earnings/postings
  /api/passports/requests /api/passports/{id}/access-log
  /api/ocpp/messages /api/ocpp/chargers/{id}/messages /api/ocpp/chargers/{id}/alerts
  /api/admin/audit /api/admin/events`
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
    '/api/passports/requests',
    '/api/documents',
    '/api/stations',
    '/api/stations/sites',
    '/api/maintenance/tickets',
    '/api/auth/users',
    '/api/ocpp/chargers',
    '/api/ocpp/tokens',
  ]
  for (const path of [...changing, '/api/marketplace/listings', '/api/vendors/products', '/api/content/blog'])
    assert.ok(queryOf(path).includes('changedSince'), path)
})

/** Which rows stand for `{id}`, and in which schema. */
const parameters: Record<string, [schema: string, statement: string]> = {
  '/api/auth/organisations/{id}/members': ['identity', 'select organisation_id from members'],
  '/api/auth/users/{id}/sign-ins': ['identity', 'select user_id from sign_ins'],
  '/api/notifications/webhooks/{id}/calls': ['notifications', 'select webhook_id from webhook_calls'],
  '/api/ocpp/chargers/{id}/commands': ['ocpp', 'select charger_id from commands'],
  '/api/ocpp/chargers/{id}/messages': ['ocpp', 'select charger_id from messages'],
  '/api/ocpp/chargers/{id}/alerts': ['ocpp', 'select charger_id from alerts'],
  // Who reads it in the owner's place is written into it.
  '/api/passports/{id}/access-log': ['passports', 'select passport_id from access_log'],
  '/api/content/jobs/{slug}/applications': ['content', 'select job_id from applications'],
  '/api/marketplace/products/{id}/reviews': ['marketplace', "select product_id from reviews where state = 'visible'"],
}
/** What a list has to be asked for, lest it have nothing. */
const asked: Record<string, string> = {
  '/api/marketplace/reviews': 'state=held',
  // Of others there may be more meanwhile.
  '/api/admin/events': 'topic=user.registered',
  '/api/vendors/applications': 'status=active',
  '/api/vendors/earnings/postings': 'currency=EUR',
  '/api/billing/wallet/postings': 'currency=EUR',
  '/api/billing/company/wallet/postings': 'currency=EUR',
  '/api/admin/vendors': 'status=active',
  '/api/admin/products': 'status=active',
}

/** When a record was made, whatever it is called there. */
const madeAt = (item: Json): string | undefined => (item.position === undefined ? itsTime(item) : item.publishedAt)
const itsTime = (item: Json): string | undefined =>
  [
    'createdAt',
    'failedAt',
    'statedAt',
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

/**
 * Rows of a table that nobody has made here: what must not be null has something, `as` says what else, in SQL, where `n`
 * is the number of the row. What they refer to need not be there.
 */
async function fill(name: string, as: Record<string, string>, rows: number): Promise<void> {
  const p = await platform
  const [schema, table] = name.split('.') as [string, string]
  const columns = await p.db(schema)<{ name: string; type: string }[]>`
    select column_name as name, udt_name as type from information_schema.columns
    where table_schema = ${schema} and table_name = ${table} and is_nullable = 'NO' and column_default is null
      and is_generated = 'NEVER' and identity_generation is null`
  const some: Record<string, string> = {
    uuid: 'gen_random_uuid()',
    text: 'left(md5(random()::text), 12)',
    citext: 'left(md5(random()::text), 12)',
    timestamptz: "date_trunc('milliseconds', now()) - n * interval '1 hour'",
    date: 'current_date',
    int2: '1',
    int4: '1',
    int8: '1',
    numeric: '1',
    bool: 'false',
    tsvector: "''",
    json: "'{}'",
    jsonb: "'{}'",
    bytea: 'md5(random()::text)::bytea',
  }
  const currency = columns.some(({ name }) => name === 'currency') ? { currency: "'EUR'" } : {}
  const values = Object.fromEntries(
    columns.map(({ name, type }) => [name, type.startsWith('_') ? "'{}'" : some[type]!]),
  )
  const all = { ...values, ...currency, ...as }
  await p.db(schema).begin(async tx => {
    await tx`set local session_replication_role = replica`
    await tx.unsafe(`
      insert into ${name} (${Object.keys(all)
        .map(column => `"${column}"`)
        .join(', ')})
      select ${Object.values(all).join(', ')} from generate_series(1, ${rows}) n`)
  })
}
const none = (...names: string[]) => Object.fromEntries(names.map(name => [name, '0']))
const passport = (column: string) =>
  `(select ${column} from passports.passports where owner_kind = 'person' order by id limit 1)`
const owned = { owner_kind: "'organisation'" }

/** What nobody makes in the world that the journeys know, by table. */
const made = (person: string, company = person): Record<string, Record<string, string>> => ({
  'orders.orders': {
    status: "'pending'",
    payment_status: "'pending'",
    locale: "'en'",
    ...none('subtotal_minor', 'discount_minor', 'shipping_minor', 'tax_minor', 'total_minor', 'gift_minor'),
  },
  'orders.order_parts': { owner_kind: "'person'", state: "'processing'" },
  'orders.returns': { state: "'requested'", reason: "'other'", lines: "'[]'" },
  'orders.coupons': { percent: "'10'" },
  'orders.gift_cards': {},
  'vendors.payouts': { owner_kind: "'person'", status: "'requested'" },
  'vendors.payout_files': {},
  'notifications.webhook_calls': { webhook_id: '(select id from notifications.webhooks limit 1)', status: "'dead'" },
  'marketplace.reviews': {
    product_id: '(select id from marketplace.products limit 1)',
    state: "'held'",
    rating: '5',
    language: "'en'",
  },
  'billing.credits': { state: "'proposed'", tax_minor: '0' },
  'billing.reimbursement_statements': {
    user_id: `'${person}'`,
    organisation_id: `'${company}'`,
    paid_by: "'payroll'",
    month: "(date '2026-01-01' + n * interval '1 month')::date",
  },
  'passports.access_log': { passport_id: passport('id'), audience: "'admin'" },
  'passports.interest_requests': {
    passport_id: passport('id'),
    owner_id: passport('owner_id'),
    asker_kind: "'person'",
    state: "'withdrawn'",
    purpose: "'treatment'",
  },
  'ocpp.alerts': { charger_id: '(select id from ocpp.chargers limit 1)', kind: "'security'" },
  'billing.tariffs': { id: "md5('t' || n)::uuid", ...owned },
  'billing.tariff_terms': {
    tariff_id: "md5('t' || n)::uuid",
    terms: `'{"currency":"EUR","taxIncluded":true,"elements":[]}'`,
  },
  'users.subscriptions': {
    user_id: `'${person}'`,
    owner_kind: "'person'",
    state: "'active'",
    interval: "'month'",
    ...none('period', 'anchor_period'),
  },
  'billing.invoices': {
    kind: "'invoice'",
    prices: "'net'",
    language: "'en'",
    sequence: 'n',
    year: '2027',
    seller: `'{"name":"Voltaic"}'`,
    buyer: `'{"name":"Ada"}'`,
    buyer_id: `'${person}'`,
    ...none('net_minor', 'tax_minor', 'gross_minor', 'prepaid_minor'),
  },
})

/** Nine postings into an account of somebody. */
async function book(schema: string, kind: string, owner: { kind: string; id: string }): Promise<void> {
  const [to, from] = [newId(), newId()]
  const account = { kind: `'${kind}'`, owner_kind: `'${owner.kind}'`, owner_id: `'${owner.id}'` }
  await fill(`${schema}.ledger_accounts`, { id: `'${to}'`, ...account }, 1)
  await fill(`${schema}.ledger_accounts`, { id: `'${from}'`, kind: `'from ${from}'` }, 1)
  const cause = { cause_id: `md5('${to}' || n)::uuid`, kind: "'sale'" }
  await fill(`${schema}.ledger_entries`, cause, 9)
  await fill(`${schema}.ledger_transfers`, { ...cause, from_id: `'${from}'`, to_id: `'${to}'` }, 9)
}

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
      organisations
        .slice(0, 2)
        .flatMap(id => roles.map(role => p.signedIn({ userId, role, organisation: { id, role: 'owner' } as never }))),
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
    const [person] = await p.db('identity')<{ id: string }[]>`select id from users where role = 'user' limit 1`
    const [company] = await p.db('identity')<{ id: string }[]>`select organisation_id as id from members limit 1`
    for (const [name, as] of Object.entries(made(person!.id, company!.id))) await fill(name, as, 9)
    await book('billing', 'wallet', { kind: 'person', id: person!.id })
    await book('billing', 'wallet', { kind: 'organisation', id: company!.id })
    await book('vendors', 'available', { kind: 'person', id: person!.id })
    for (const name of ['First', 'Second'])
      await p.http.inject({ method: 'POST', url: '/api/stations/sites', headers: askers[0]!, payload: { name } })
    const empty: string[] = []
    for (const template of lists) {
      const more = asked[template] ?? ''
      const [schema, statement] = parameters[template] ?? []
      const ids = schema ? (await p.db(schema).unsafe(statement!)).map(row => String(Object.values(row)[0])) : ['']
      let best: { path: string; headers: object; items: Json[] } | undefined
      for (const id of new Set(ids))
        for (const headers of template.endsWith('/access-log') ? askers.slice(1) : askers) {
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
    assert.deepEqual(
      empty,
      ['/api/billing/company/charges', '/api/content/blog', '/api/marketplace/products/{id}/reviews'],
      'of every other list somebody has something',
    )
  },
)

/** Tables that are filled with very many, and who then asks what. */
const counts: [table: string, url: string, as?: Record<string, string>][] = [
  ['orders.orders', '/api/orders/count'],
  ['orders.order_parts', '/api/orders/sales/count'],
  ['orders.returns', '/api/orders/returns/count'],
  ['orders.gift_cards', '/api/orders/gift-cards/count'],
  ['vendors.payouts', '/api/vendors/payouts/count'],
  ['marketplace.reviews', '/api/marketplace/reviews/count?state=held'],
  ['billing.credits', '/api/billing/credits/count'],
  ['billing.invoices', '/api/billing/invoices/count?as=seller', { sequence: 'n + 100' }],
  ['stations.sites', '/api/stations/sites/count', owned],
  ['identity.users', '/api/auth/users/count', { email: "'e' || n || '@example.com'" }],
  ['passports.passports', '/api/passports/count', { ...owned, status: "'draft'" }],
]

test('a count stops at ten thousand and says so, within 50 ms', { timeout: 300_000 }, async () => {
  const p = await platform
  const headers = p.signedIn({ role: 'admin' })
  for (const [name, url, as] of counts) {
    await fill(name, { ...made(newId())[name], id: 'gen_random_uuid()', ...as }, 10_050)
    await p.db('kernel').unsafe(`analyze ${name}`)
    let least = Infinity
    for (let tries = 0; tries < 12 && least > 50; tries++) {
      const begun = performance.now()
      const answer = await p.http.inject({ url, headers })
      least = Math.min(least, performance.now() - begun)
      assert.deepEqual(answer.json(), { count: 10_000, exact: false }, url)
    }
    assert.ok(least < 50, `${url} took ${Math.round(least)} ms`)
  }
})

const any = 'id = (select id from'
/** How something of each becomes an organisation's: a row that is there, or one more of a table. */
const becomes = (
  id: string,
): Record<string, [schema: string, statement: string] | [Record<string, string>, table: string]> => {
  const own = { owner_kind: "'organisation'", owner_id: `'${id}'` }
  const account = (kind: string, minor: number) => ({ ...own, kind: `'${kind}'`, balance_minor: String(minor) })
  return {
    passports: ['passports', `update passports set owner_id = '${id}' where ${any} passports limit 1)`],
    documents: ['documents', `update documents set owner_id = '${id}' where ${any} documents limit 1)`],
    chargers: [
      'ocpp',
      `update chargers set owner_id = '${id}', owner_kind = 'organisation' where ${any} chargers limit 1)`,
    ],
    tokens: ['ocpp', `update tokens set owner_id = '${id}' where ${any} tokens limit 1)`],
    stations: [
      'stations',
      `update stations set owner_id = '${id}', owner_kind = 'organisation', deleted_at = null where ${any} stations limit 1)`,
    ],
    sites: [own, 'stations.sites'],
    openTickets: ['maintenance', `update tickets set owner_id = '${id}', state = 'open' where ${any} tickets limit 1)`],
    plannedWorks: [{ ...own, state: "'planned'", to_at: "now() + interval '1 hour'" }, 'maintenance.works'],
    openBookings: [
      'booking',
      `update bookings set owner_id = '${id}', owner_kind = 'organisation', state = 'reserved', offered_until = null,
        station_id = gen_random_uuid() where ${any} bookings limit 1)`,
    ],
    openInvoices: [{ buyer_id: `'${id}'`, kind: "'invoice'", gross_minor: '100' }, 'billing.invoice_states'],
    debts: [account('debt', -5), 'billing.ledger_accounts'],
    terminals: [own, 'billing.terminals'],
    listings: [
      'marketplace',
      `update products set owner_id = '${id}', status = 'active', deleted_at = null, for_sale = true
        where ${any} products limit 1)`,
    ],
    openSales: [{ ...made(id)['orders.order_parts'], vendor_id: `'${id}'` }, 'orders.order_parts'],
    openReturns: [{ ...made(id)['orders.returns'], vendor_id: `'${id}'` }, 'orders.returns'],
    balances: [account('available', 5), 'vendors.ledger_accounts'],
    payouts: [{ ...made(id)['vendors.payouts'], vendor_id: `'${id}'` }, 'vendors.payouts'],
    plans: [{ ...own, interval: "'month'", sold: "'digital'" }, 'users.plans'],
    subscriptions: [
      {
        ...made(newId())['users.subscriptions'],
        plan_id: `(select id from users.plans where owner_id = '${id}')`,
      },
      'users.subscriptions',
    ],
  }
}

test('an organisation that still has something is not deleted, whatever it is and whoever keeps it', async () => {
  const p = await platform
  const [person] = await p.db('identity')`
    select id from users where role = 'user' and not disabled and email not like 'e%' limit 1`
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
  const each = becomes(id)
  assert.deepEqual(Object.keys(each).toSorted(), names.toSorted(), 'each is tried')
  const holds: Record<string, number> = {}
  for (const [name, [what, statement]] of Object.entries(each)) {
    if (typeof what === 'object') await fill(statement, what, 1)
    else
      await p.db(what).begin(async tx => {
        // As if it always had been; what else belongs to it does not matter here.
        await tx`set local session_replication_role = replica`
        assert.equal((await tx.unsafe(statement)).count, 1, name)
      })
    holds[name] = 1
    const refused = await end()
    assert.equal(refused.statusCode, 409, refused.body)
    assert.deepEqual(refused.json().holds, holds, name)
  }
  assert.match((await end()).json().detail, /still holds 1 passports, 1 documents, .* First, of the passports: delete/)
})
