import { randomUUID } from 'node:crypto'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { rest } from '../figures.ts'
import { alternate, drain, latencies, median, paced, quantile, throughput, type Line } from '../measure.ts'
import type { Shot } from '../client.ts'
import { perSecond } from '../report.ts'
import { beginnings, categoriesOfShop, categorySlug, makeProducts, searches } from '../shop.ts'
import { makePeople, signedIn, type Server, type World } from '../world.ts'

const secret = 'whsec_bench'
const services = ['identity', 'documents', 'passports', 'marketplace', 'cart', 'orders']

/** The shop: finding, looking, wanting, ordering and paying. Most of it among 1,000 products, as shops are measured. */
export async function shop(world: World): Promise<Line[]> {
  const { quick } = world.size
  const open = await openShop(world)
  const lines: Line[] = []
  try {
    lines.push(
      ...(await ofLists(world, open)),
      await ofDetails(world, open),
      await ofPages(open),
      await ofCarts(world, open),
      ...(await ofOrders(world, open)),
      await fromWebhookToPaid(open, quick ? 50 : 300),
    )
  } finally {
    await open.close()
  }
  for (const count of quick ? [100_000] : [100_000, 1_000_000]) lines.push(...(await ofSearches(world, count)))
  return lines
}

interface Buyer {
  readonly id: string
  readonly headers: Record<string, string>
}
interface Thing {
  readonly id: string
  readonly slug: string
  readonly variantId: string
  readonly priceMinor: number
  readonly categoryId: string
}
interface Shop {
  readonly platform: Server
  readonly floor: Server
  readonly sql: Pool
  readonly buyers: readonly Buyer[]
  readonly things: readonly Thing[]
  readonly standIn: ReturnType<typeof openStandIn>
  /** When the provider sent word of a payment that succeeded, by its id there. */
  readonly toldAt: Map<string, number>
  close(): Promise<void>
}

/** A thousand products that an admin described, one after the other, and buyers who have signed in. */
async function openShop(world: World): Promise<Shop> {
  const toldAt = new Map<string, number>()
  const standIn = openStandIn({
    secrets: { stripe: secret, razorpay: secret },
    async deliver(_, body, headers) {
      const { type, data } = JSON.parse(body) as { type: string; data: { object: { id: string } } }
      if (type === 'payment_intent.succeeded') toldAt.set(data.object.id, Date.now())
      return (await fetch(`${platform.url}/api/orders/webhooks/stripe`, { method: 'POST', headers, body })).status
    },
  })
  const database = await world.database('row_shop')
  const platform = await world.platform(database, services, {
    STRIPE_SECRET_KEY: 'sk_test_bench',
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: await standIn.listen(),
  })
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const people = await makePeople(sql, world.size.quick ? 300 : 1_000)
  await sql`update identity.users set role = 'admin' where id = ${people[0]!.id}`
  const buyers: Buyer[] = []
  for (const person of people) buyers.push({ id: person.id, headers: await signedIn(platform, person) })
  await fill(platform, buyers[0]!)
  await rest([platform])
  const things = await sql<Thing[]>`
    select p.id, p.slug, v.id as "variantId", (v.prices->0->>'priceMinor')::int as "priceMinor",
      p.category_id as "categoryId"
    from marketplace.products p join marketplace.variants v on v.product_id = p.id order by p.id`
  for (const table of ['marketplace.products', 'marketplace.offers', 'cart.offers', 'cart.variants', 'orders.offers'])
    await sql.unsafe(`vacuum analyze ${table}`)
  await sql`insert into bench.stock (id, on_hand, held) select id, 1000000, 0 from marketplace.products`
  const close = async (): Promise<void> => {
    await Promise.all([platform.close(), floor.close()])
    await standIn.close()
  }
  return { platform, floor, sql, buyers, things, standIn, toldAt, close }
}

async function fill(platform: Server, { headers }: Buyer): Promise<void> {
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${platform.url}/api/marketplace${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const attributes = [{ key: 'connector', names: { en: 'Connector', de: 'Stecker' }, type: 'text', facet: true }]
  for (let at = 0; at < categoriesOfShop; at++)
    await post('/categories', { slug: categorySlug(at), names: { en: `Bench ${at}`, de: `Bank ${at}` }, attributes })
  const describe = (at: number) =>
    post('/products', {
      name: `Wallbox ${at % 10} of series ${Math.floor(at / 10)}`,
      description: 'Charges with 11 kW.\n\n- Type 2 socket\n- MID meter\n- RFID cards of the household',
      category: categorySlug(at % categoriesOfShop),
      attributes: { connector: ['Type 2', 'CCS', 'Schuko'][at % 3] },
      tags: ['home', at % 2 === 0 ? 'indoor' : 'outdoor'],
      price: 10_000 + at * 10,
      currency: 'EUR',
      stock: 1_000_000,
      weightG: 4_200,
      status: 'active',
    })
  for (let at = 0; at < 1_000; at += 10) await Promise.all(Array.from({ length: 10 }, (_, more) => describe(at + more)))
}

async function ofLists(world: World, { platform, floor, things }: Shop): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const slugs = Array.from({ length: categoriesOfShop }, (_, number) => categorySlug(number))
  const ids = [...new Set(things.map(({ categoryId }) => categoryId))]
  const asked = (of: Server, paths: readonly string[]) => () => throughput(of.url, { paths }, { seconds })
  const subject = asked(
    platform,
    slugs.map(slug => `/api/marketplace/products?category=${slug}&facets=true`),
  )
  const shortest = await alternate(
    rounds,
    asked(
      floor,
      ids.map(id => `/shop-list?mark=c:${id}`),
    ),
    subject,
  )
  const same = await alternate(
    Math.ceil(rounds / 2),
    asked(
      floor,
      slugs.map(slug => `/same-shop-list?category=${slug}`),
    ),
    subject,
  )
  return [
    {
      work: 'list of 20 products of a category with prices and facets, 1,000 products, 20 clients',
      floor: `${perSecond(shortest.floor)} bare Fastify and postgres.js, the shortest query for the list`,
      ohmnibus: perSecond(shortest.subject),
      ratio: shortest.ratio,
      budget: '≥ 0.60, and ≥ 3,360/s',
      met: shortest.ratio.median >= 0.6 && shortest.subject >= 3_360,
    },
    {
      work: 'the same, beside the same query without facets',
      floor: `${perSecond(same.floor)} bare Fastify and postgres.js, what the service asks the database`,
      ohmnibus: perSecond(same.subject),
      ratio: same.ratio,
    },
  ]
}

async function ofDetails(world: World, { platform, floor, things }: Shop): Promise<Line> {
  const { rounds, seconds } = world.size
  const some = things.filter((_, at) => at % 10 === 0)
  const asked = (of: Server, path: string) => () =>
    throughput(of.url, { paths: some.map(({ id }) => `${path}/${id}`) }, { seconds })
  const {
    floor: bare,
    subject,
    ratio,
  } = await alternate(rounds, asked(floor, '/product'), asked(platform, '/api/marketplace/products'))
  return {
    work: 'one product, 1,000 products, 20 clients',
    floor: `${perSecond(bare)} bare Fastify and postgres.js with the service's own select`,
    ohmnibus: perSecond(subject),
    ratio,
    budget: '≥ 0.70, and ≥ 1,460/s',
    met: ratio.median >= 0.7 && subject >= 1_460,
  }
}

const tails = (taken: readonly number[], decimals = 1): string =>
  `p50 ${median(taken).toFixed(decimals)} ms, p99 ${quantile(taken, 0.99).toFixed(decimals)} ms (${taken.length})`

async function ofPages({ platform, things }: Shop): Promise<Line> {
  const shot: Shot = { paths: things.map(({ slug }) => `/shop/p/${slug}`) }
  await latencies(platform.url, shot, 100)
  const taken = await paced(platform.url, shot, { rate: 500, seconds: 6 })
  return {
    work: 'page of a product, 500/s',
    ohmnibus: tails(taken),
    budget: 'p99 < 15 ms',
    met: quantile(taken, 0.99) < 15,
  }
}

/** What buyers send by turns, each for the next product. */
const wanting = (
  { buyers, things }: Shop,
  about: { path: string; shift: number; headers: (buyer: Buyer) => Record<string, string> },
): Shot => {
  let at = about.shift
  return {
    method: 'POST',
    paths: buyers.map(() => about.path),
    headers: buyers.map(about.headers),
    body: () => JSON.stringify({ productId: things[at++ % things.length]!.id }),
  }
}
const asUser = ({ id }: Buyer) => ({ 'x-user': id })

async function ofCarts(world: World, open: Shop): Promise<Line> {
  const { platform, floor, sql } = open
  const count = world.size.quick ? 2_000 : 10_000
  let shift = 0
  const {
    floor: bare,
    subject,
    ratio,
  } = await alternate(
    world.size.rounds,
    () => drain(floor.url, wanting(open, { path: '/cart', shift: shift++, headers: asUser }), count),
    async () => {
      // In carts of 150 things there is room for no more.
      await sql`delete from cart.cart_lines`
      return await drain(
        platform.url,
        wanting(open, { path: '/api/cart/items', shift: shift++, headers: ({ headers }) => headers }),
        count,
      )
    },
  )
  return {
    work: `something put into a cart, ${open.buyers.length.toLocaleString('en')} buyers, 20 clients`,
    floor: `${perSecond(bare)} bare Fastify and postgres.js, two rows in a pipelined transaction`,
    ohmnibus: perSecond(subject),
    ratio,
    budget: '≥ 3,000/s',
    met: subject >= 3_000,
  }
}

/** One thing into the cart of each, as if they had put it there; of the first product, or each of another. */
async function fillCarts({ sql, buyers, things }: Shop, one: boolean): Promise<void> {
  const wanted = buyers.map(({ id }, at) => ({ user: id, ...things[one ? 0 : at % things.length]! }))
  await sql`delete from cart.carts`
  await sql`
    with made as (
      insert into cart.carts (id, order_key, user_id, currency, expires_at)
      select gen_random_uuid(), gen_random_uuid(), "user", 'EUR', now() + interval '7 days'
      from jsonb_to_recordset(${sql.json(wanted as never)}::jsonb) as w ("user" uuid) returning id, user_id)
    insert into cart.cart_lines (id, cart_id, product_id, variant_id, quantity, price_minor, added_at)
    select gen_random_uuid(), made.id, w.id, w."variantId", 1, w."priceMinor", now()
    from jsonb_to_recordset(${sql.json(wanted as never)}::jsonb) as w ("user" uuid, id uuid, "variantId" uuid, "priceMinor" bigint)
    join made on made.user_id = w."user"`
}

const billingAddress = {
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  address: 'Ringstr. 5',
  city: 'Berlin',
  country: 'DE',
  zip: '10115',
}

async function ofOrders(world: World, open: Shop): Promise<Line[]> {
  const { platform, floor, sql, buyers, things } = open
  const lines: Line[] = []
  const cases = [
    ['each of another product', false, 1_000],
    ['all of the same product', true, 300],
  ] as const
  for (const [work, one, least] of cases) {
    let at = 0
    const {
      floor: bare,
      subject,
      ratio,
    } = await alternate(
      world.size.rounds,
      () =>
        drain(
          floor.url,
          {
            method: 'POST',
            paths: buyers.map(() => '/order'),
            headers: buyers.map(asUser),
            body: () => JSON.stringify({ productId: things[one ? 0 : at++ % things.length]!.id }),
          },
          buyers.length,
        ),
      async () => {
        await fillCarts(open, one)
        const perSecond = await drain(
          platform.url,
          {
            method: 'POST',
            paths: buyers.map(() => '/api/orders'),
            headers: buyers.map(({ headers }) => headers),
            body: () => JSON.stringify({ billingAddress }),
          },
          buyers.length,
        )
        await rest([platform])
        return perSecond
      },
    )
    const [held] = await sql<{ pieces: number; lines: number }[]>`
      select (select sum(held)::int from orders.stock) as pieces,
        (select sum(quantity)::int from orders.order_lines) as lines`
    lines.push({
      work: `orders placed by ${buyers.length.toLocaleString('en')} buyers, ${work}, 20 clients`,
      floor: `${perSecond(bare)} bare Fastify and postgres.js, six rows in a pipelined transaction`,
      ohmnibus: `${perSecond(subject)}; ${held!.pieces === held!.lines ? 'each piece held once' : `${held!.pieces} held of ${held!.lines}`}`,
      ratio,
      budget: `≥ ${least.toLocaleString('en')}/s`,
      met: subject >= least && held!.pieces === held!.lines,
    })
  }
  return lines
}

/** From the moment the provider sends word of a payment to the commit of the entry in the ledger, with which the order is paid. */
async function fromWebhookToPaid(open: Shop, count: number): Promise<Line> {
  const { platform, sql, standIn, toldAt, buyers } = open
  const ask = async (path: string, headers: Record<string, string>, body: object): Promise<any> => {
    const answer = await fetch(`${platform.url}${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return await answer.json()
  }
  await fillCarts(open, false)
  for (const { headers } of buyers.slice(0, count)) {
    const order = await ask('/api/orders', headers, { billingAddress })
    const { providerId } = await ask(`/api/orders/${order.id}/payment`, headers, {})
    standIn.state.act(providerId, 'approve')
    await standIn.idle()
  }
  await rest([platform])
  const rows = await sql<{ providerId: string; ms: number }[]>`
    select p.provider_id as "providerId", 1000 * extract(epoch from pg_xact_commit_timestamp(e.xmin))::float8 as ms
    from orders.payments p join orders.ledger_entries e on e.cause_id = p.reference::uuid and e.kind = 'order'
    where p.purpose = 'order'`
  const taken = rows.map(({ providerId, ms }) => ms - toldAt.get(providerId)!)
  if (taken.length !== count) throw new Error(`${taken.length} of ${count} orders are paid`)
  return {
    work: 'from a webhook sent to its order paid, one after the other',
    ohmnibus: tails(taken),
    budget: 'p50 under 20 ms',
    met: median(taken) < 20,
  }
}

/** What somebody looks for among so many, one question after the other. */
async function ofSearches(world: World, count: number): Promise<Line[]> {
  const database = await world.database(`row_shop_${count}`)
  const platform = await world.platform(database, services)
  const asked = world.size.quick ? 350 : 1_400
  try {
    await makeProducts(world.sqlOf(database), count)
    const products = `${count.toLocaleString('en')} products`
    const most = count > 100_000 ? 60 : 20
    const found = await timed(platform, searches(asked))
    const suggested = await timed(platform, beginnings(asked))
    return [
      {
        work: `search by words, misspelt ones too, with filters and in order of price: ${products}`,
        ohmnibus: tails(found, 2),
        budget: `p99 < ${most} ms`,
        met: quantile(found, 0.99) < most,
      },
      {
        work: `suggestions for who begins to type: ${products}`,
        ohmnibus: tails(suggested, 2),
        budget: 'p99 < 10 ms',
        met: quantile(suggested, 0.99) < 10,
      },
    ]
  } finally {
    await platform.close()
  }
}

/** The first hundred wake what stands still. */
async function timed({ url }: Server, paths: readonly string[]): Promise<number[]> {
  await latencies(url, { paths: paths.slice(0, 100) }, 100)
  return await latencies(url, { paths }, paths.length)
}
