import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { periodic } from '../../kernel/jobs/job.ts'
import { priceOf } from '#money/tariff-price'
import { begin, boot, connectChargers, type Charger } from '../chargers.ts'
import { rest } from '../figures.ts'
import { latencies, median, quantile, type Line } from '../measure.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

const secret = 'whsec_bench'
const tails = (taken: readonly number[]): string =>
  `p50 ${median(taken).toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms (${taken.length})`

/** The charging business: what a session, a price, a payment and a month of invoices take. */
export async function money(world: World): Promise<Line[]> {
  const { quick } = world.size
  const shop = await openShop(world)
  try {
    const lines = [
      await fromEndToInvoice(shop, quick ? 50 : 300),
      await ofQuotes(shop),
      await startsOnOneWallet(shop),
      await fromWebhookToBooked(shop, quick ? 50 : 500),
      ...(await monthOfInvoices(shop, quick ? 500 : 2_000)),
    ]
    return lines
  } finally {
    await shop.close()
  }
}

interface Shop {
  readonly platform: Server
  readonly sql: Pool
  readonly seller: string
  readonly chargers: readonly Charger[]
  /** One for each charger, with much in the wallet. */
  readonly drivers: readonly string[]
  readonly tariffId: string
  readonly headers: { authorization: string }
  readonly standIn: ReturnType<typeof openStandIn>
  readonly toldAt: Map<string, number>
  /** JSON of any shape. */
  ask(method: string, path: string, body?: object): Promise<any>
  close(): Promise<void>
}

/** A seller with twenty chargers, a tariff, and drivers with money and cards. */
async function openShop(world: World): Promise<Shop> {
  const toldAt = new Map<string, number>()
  const standIn = openStandIn({
    secrets: { stripe: secret, razorpay: secret },
    async deliver(_, body, headers) {
      const { data } = JSON.parse(body) as { data: { object: { id: string } } }
      toldAt.set(data.object.id, Date.now())
      return (await fetch(`${platform.url}/api/billing/webhooks/stripe`, { method: 'POST', headers, body })).status
    },
  })
  const settings = {
    STRIPE_SECRET_KEY: 'sk_test_bench',
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: await standIn.listen(),
  }
  const database = await world.database('row_money')
  const services = ['identity', 'ocpp', 'stations', 'sessions', 'billing']
  const platform = await world.platform(database, services, settings)
  const sql = world.sqlOf(database)
  const people = await makePeople(sql, 21)
  const [{ id: seller }, ...drivers] = people.map(({ id }) => ({ id })) as [{ id: string }, ...{ id: string }[]]
  await sql`update identity.users set role = 'admin' where id = ${seller}`
  const headers = await signedIn(platform, people[0]!)
  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const answer = await fetch(`${platform.url}${path}`, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? undefined : await answer.json()
  }
  const ids = drivers.map((_, at) => `money-${at}`)
  const chargers = await connectChargers(platform.url, ids)
  await Promise.all(chargers.map(charger => charger.call('BootNotification', boot)))
  await Promise.all(
    chargers.map(charger =>
      charger.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }),
    ),
  )
  await rest([platform])
  for (const id of ids) await ask('POST', `/api/ocpp/chargers/${id}/move`, { organisationId: null })
  for (const [at, { id: userId }] of drivers.entries())
    await ask('POST', '/api/ocpp/tokens', { idToken: `MONEY-${at}`, userId })
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await ask('PUT', '/api/billing/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  const { id: tariffId } = await ask('POST', '/api/billing/tariffs', { name: 'Standard', terms, uses: [{}] })
  await fund(
    sql,
    drivers.map(({ id }) => id),
    1_000_000,
  )
  await rest([platform])
  return {
    platform,
    sql,
    seller,
    chargers,
    drivers: drivers.map(({ id }) => id),
    tariffId,
    headers,
    standIn,
    toldAt,
    ask,
    async close() {
      await Promise.all(chargers.map(charger => charger.close()))
      await platform.close()
      await standIn.close()
    },
  }
}

const terms = {
  currency: 'EUR',
  taxIncluded: true,
  elements: [{ priceComponents: [{ type: 'ENERGY' as const, price: '0.50' }] }],
}

/** Money in wallets, as if they had paid. */
async function fund(sql: Pool, drivers: readonly string[], minor: number): Promise<void> {
  await sql.begin(async tx => {
    await tx`set local search_path = billing, extensions`
    const outside = { id: randomUUID(), kind: 'outside', currency: 'EUR' }
    await tx`insert into ledger_accounts ${tx(outside)} on conflict do nothing`
    await tx`
      insert into ledger_accounts (id, kind, owner_kind, owner_id, currency, least_minor)
      select uuidv7(), 'wallet', 'person', d, 'EUR', 0 from unnest(${drivers as string[]}::uuid[]) d on conflict do nothing`
    const cause = randomUUID()
    await tx`insert into ledger_entries (cause_id, kind, at) values (${cause}, 'top-up', now())`
    await tx`
      insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
      select ${cause}, 'top-up', o.id, w.id, 'EUR', ${minor} from ledger_accounts w
      join ledger_accounts o on o.kind = 'outside' and o.currency = 'EUR'
      where w.kind = 'wallet' and w.owner_id = any(${drivers as string[]}::uuid[])`
  })
}

async function charge(charger: Charger, idTag: string, wh: number): Promise<void> {
  const { answer } = await charger.call('StartTransaction', { ...begin(), idTag })
  const stop = { transactionId: answer.transactionId, meterStop: wh, timestamp: new Date().toISOString() }
  await charger.call('StopTransaction', stop)
}

/** From the commit of `session.ended` to that of `invoice.issued`: agreed, priced, taxed, booked, numbered. */
async function fromEndToInvoice({ platform, sql, chargers }: Shop, count: number): Promise<Line> {
  for (let at = 0; at < count; at++) {
    const number = at % chargers.length
    const next = sleep(200)
    await charge(chargers[number]!, `MONEY-${number}`, 7_000)
    await next
  }
  await rest([platform])
  const rows = await sql<{ ms: number }[]>`
    select 1000 * extract(epoch from pg_xact_commit_timestamp(i.xmin) - pg_xact_commit_timestamp(e.xmin))::float8 as ms
    from kernel.log e join billing.charges c on c.session_id::text = e.key
    join kernel.log i on i.topic = 'invoice.issued' and i.key = c.invoice_id::text
    where e.topic = 'session.ended'`
  const taken = rows.map(({ ms }) => ms)
  if (taken.length !== count) throw new Error(`${taken.length} of ${count} sessions have an invoice`)
  return {
    work: 'from `session.ended` to its invoice, five sessions a second at most',
    ohmnibus: tails(taken),
    budget: 'p50 under 1 s',
    met: median(taken) < 1_000,
  }
}

/** The price alone, of a session read each minute for five hours under twelve elements; and with all around it over HTTP. */
async function ofQuotes({ platform, headers, sql }: Shop): Promise<Line> {
  const elements = Array.from({ length: 12 }, (_, at) => ({
    priceComponents: [
      { type: 'ENERGY' as const, price: `0.${30 + at}` },
      { type: 'PARKING_TIME' as const, price: '6.00', graceSeconds: 900 },
    ],
    restrictions: {
      startTime: `${String(at * 2).padStart(2, '0')}:00`,
      endTime: `${String((at * 2 + 2) % 24).padStart(2, '0')}:00`,
      minEnergyWh: 0,
      maxEnergyWh: 100_000,
    },
  }))
  const start = Date.parse('2027-03-28T00:00:00Z')
  const course = Array.from({ length: 301 }, (_, at) => ({
    at: start + at * 60_000,
    energyWh: Math.min(at, 240) * 120,
  }))
  const priced = (times: number, of: Parameters<typeof priceOf>[1], by: Parameters<typeof priceOf>[0]): number => {
    const began = process.cpuUsage()
    for (let time = 0; time < times; time++) priceOf(by, of, 'Europe/Berlin')
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1000 / times
  }
  const two = [course[0]!, { at: start + 3_600_000, energyWh: 20_000 }]
  const hard = { ...terms, elements }
  priced(50, two, hard)
  const [quoted, whole] = [priced(500, two, hard), priced(20, course, hard)]
  const [place] = await sql<{ stationId: string }[]>`select id as "stationId" from stations.stations limit 1`
  const body = () => JSON.stringify({ ...place, evse: 1, connector: 1 })
  const shot = { method: 'POST' as const, paths: ['/api/billing/quote'], headers, body }
  const taken = await latencies(platform.url, shot, 200)
  return {
    work: 'a quote: its price by twelve elements by the clock, one CPU',
    ohmnibus:
      `${quoted.toFixed(2)} ms (of a session of 300 readings ${whole.toFixed(1)} ms); ` +
      `over HTTP with all that is looked up and kept ${tails(taken)}`,
    budget: 'under 1 ms of work',
    met: quoted < 1,
  }
}

/** A wallet with 10.00, and twenty sessions that start at once and cost 0.50 each. */
async function startsOnOneWallet({ platform, sql, chargers, ask }: Shop): Promise<Line> {
  const [person] = await makePeople(sql, 1)
  await fund(sql, [person!.id], 1_000)
  for (const at of chargers.keys()) await ask('POST', '/api/ocpp/tokens', { idToken: `ONE-${at}`, userId: person!.id })
  await rest([platform])
  const walletOf = async () =>
    (
      await sql<{ balance: number; held: number }[]>`
        select balance_minor::int as balance, held_minor::int as held from billing.ledger_accounts
        where owner_id = ${person!.id} and kind = 'wallet'`
    )[0]!
  const began = performance.now()
  const starts = await Promise.all(
    chargers.map((charger, at) => charger.call('StartTransaction', { ...begin(), idTag: `ONE-${at}` })),
  )
  await rest([platform])
  const held = await walletOf()
  await Promise.all(
    chargers.map((charger, at) =>
      charger.call('StopTransaction', {
        transactionId: starts[at]!.answer.transactionId,
        meterStop: 1_000,
        timestamp: new Date().toISOString(),
      }),
    ),
  )
  await rest([platform])
  const took = performance.now() - began
  const after = await walletOf()
  const [books] = await sql<{ owed: number; sessions: number; sum: number }[]>`
    select coalesce(sum(balance_minor) filter (where kind = 'debt' and owner_id = ${person!.id}), 0)::int as owed,
      sum(balance_minor)::int as sum, (
        select count(*)::int from billing.charges where driver_id = ${person!.id} and state = 'charged') as sessions
    from billing.ledger_accounts`
  const isExact = held.held <= 1_000 && after.balance === 0 && after.held === 0 && books!.owed === 0 && books!.sum === 0
  return {
    work: 'a wallet with 10.00 and twenty sessions of 0.50 that start at once',
    ohmnibus:
      `${books!.sessions} charged; ${after.balance} left, ${-books!.owed} owed, ${after.held} kept, all accounts sum to ` +
      `${books!.sum}; ${(took / 1000).toFixed(1)} s`,
    budget: 'exact',
    met: isExact && books!.sessions === 20,
  }
}

/** From the moment the provider sends word of a payment to the commit of the entry in the ledger. */
async function fromWebhookToBooked({ platform, sql, standIn, toldAt, ask }: Shop, count: number): Promise<Line> {
  for (let at = 0; at < count; at++) {
    const topUp = await ask('POST', '/api/billing/wallet/top-ups', { amountMinor: 1_000, currency: 'EUR' })
    standIn.state.act(topUp.providerId, 'approve')
    await standIn.idle()
  }
  await rest([platform])
  const rows = await sql<{ providerId: string; ms: number }[]>`
    select p.provider_id as "providerId", 1000 * extract(epoch from pg_xact_commit_timestamp(e.xmin))::float8 as ms
    from billing.payments p join billing.ledger_entries e on e.cause_id = p.id and e.kind = 'top-up'`
  const taken = rows.map(({ providerId, ms }) => ms - toldAt.get(providerId)!)
  if (taken.length !== count) throw new Error(`${taken.length} of ${count} payments are booked`)
  return {
    work: 'from a webhook sent to its money booked, one after the other',
    ohmnibus: tails(taken),
    budget: 'p50 under 20 ms',
    met: median(taken) < 20,
  }
}

/** Sessions of a month that were booked, each of another driver: their invoices, and the PDF of each. */
async function monthOfInvoices({ platform, sql, seller, tariffId, headers }: Shop, count: number): Promise<Line[]> {
  const people = await makePeople(sql, count)
  const drivers = people.map(({ id }) => id)
  const price = {
    currency: 'EUR',
    taxIncluded: true,
    totalMinor: 350,
    lines: [{ type: 'ENERGY', price: '0.50', quantity: 7_000, amountMinor: 350 }],
  }
  const [taxed] = await sql<{ taxed: object }[]>`select taxed from billing.charges where taxed is not null limit 1`
  await sql`
    insert into billing.invoicing (driver_id, every, party, language, version)
    select d, 'month', null, 'en', 1 from unnest(${drivers}::uuid[]) d`
  await sql`
    insert into billing.charges (session_id, charger_id, station_id, evse, connector, seller_kind, seller_id, driver_id,
      started_at, ended_at, energy_wh, told_at, state, agreed_at, tariff_id, version, place, revision, price, taxed,
      currency, net_minor, tax_minor, total_minor, charged_at, booked_kind, booked_id)
    select uuidv7(), 'money-1', null, 1, 1, 'person', ${seller}, d, t, t, 7000, t, 'charged', t, ${tariffId}, 1,
      ${sql.json({ timeZone: 'Europe/Berlin', country: 'DEU', region: null })}, 1, ${sql.json(price)},
      ${sql.json(taxed!.taxed as never)}, 'EUR', 294, 56, 350, t, 'person', d
    from unnest(${drivers}::uuid[]) d, (select date_trunc('month', now()) - interval '3 days' as t) at`
  const countOf = async () =>
    (
      await sql<{ count: number }[]>`
        select count(*)::int as count from billing.charges
        where driver_id = any(${drivers}::uuid[]) and invoice_id is not null`
    )[0]!.count
  const began = performance.now()
  const task = periodic('billing', 'issue invoices of months that are over')
  await sql`
    select graphile_worker.add_job(${task}, json_build_object('payload', '{}'::json, 'traceId', ''),
      queue_name => ${task}, job_key => ${task}, job_key_mode => 'replace')`
  while ((await countOf()) < count) await sleep(100)
  const issued = (performance.now() - began) / 1000
  const numbers = await sql<{ id: string; number: string }[]>`
    select id, number from billing.invoices where seller_id = ${seller} and kind = 'invoice' order by number`
  const last = Number(numbers.at(-1)!.number.split('-').at(-1))
  const ids = numbers.slice(-count).map(({ id }) => id)
  const drawn = performance.now()
  await Promise.all(
    [0, 1].map(async half => {
      for (let at = half; at < ids.length; at += 2) {
        const answer = await fetch(`${platform.url}/api/billing/invoices/${ids[at]}/pdf`, { headers })
        if (!answer.ok) throw new Error(`no PDF: ${answer.status}`)
        await answer.arrayBuffer()
      }
    }),
  )
  const pdfs = (performance.now() - drawn) / 1000
  const minutes = ((issued + pdfs) * 100_000) / count / 60
  return [
    {
      work: `a month's invoices, one a driver, with the PDF of each: ${count.toLocaleString('en')} measured`,
      ohmnibus:
        `${issued.toFixed(1)} s issued, ${pdfs.toFixed(1)} s drawn; numbers without gaps: ${last === numbers.length ? 'yes' : 'no'}; ` +
        `at this rate 100,000 take ${minutes.toFixed(1)} min`,
      budget: '100,000 under 10 min',
      met: minutes < 10 && last === numbers.length,
    },
  ]
}
