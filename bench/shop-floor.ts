import type { FastifyInstance } from 'fastify'
import type { Sql } from 'postgres'
import { newId } from '../kernel/ids.ts'
import { readCategories } from '../services/marketplace/categories/catalogue.ts'
import { treeOf, type Tree } from '../services/marketplace/categories/tree.ts'
import { findProduct } from '../services/marketplace/products/store.ts'
import { view } from '../services/marketplace/products/view.ts'
import { narrow } from '../services/marketplace/search/query.ts'
import { searchProducts } from '../services/marketplace/search/search.ts'
import { shopListStatement } from './shop.ts'

/** What a shop does at the least, on bare Fastify and postgres.js. */
export async function shopFloor(app: FastifyInstance, sql: Sql<{ bigint: bigint }>): Promise<void> {
  await sql`create table if not exists bench.carts (user_id uuid primary key, version integer not null)`
  await sql`
    create table if not exists bench.cart_lines (
      id uuid primary key, user_id uuid not null, product_id uuid not null, quantity integer not null, price bigint not null,
      unique (user_id, product_id)
    )`
  await sql`create table if not exists bench.stock (id uuid primary key, on_hand bigint not null, held bigint not null)`
  for (const table of ['orders', 'order_parts', 'order_lines'])
    await sql.unsafe(
      `create table if not exists bench.${table} (id uuid primary key, about uuid not null, total bigint not null, data json not null)`,
    )
  let tree: Tree | undefined

  app.get<{ Querystring: { mark: string } }>('/shop-list', async ({ query }) => ({
    items: await sql.unsafe(shopListStatement, [query.mark], { prepare: true }),
    nextCursor: null,
  }))

  app.get<{ Querystring: { category: string } }>('/same-shop-list', async ({ query: { category } }) => {
    tree ??= treeOf(await readCategories(sql as never))
    const narrowed = narrow({ category }, tree, 'EUR', 'en')
    const searching = { narrowed, meant: undefined, at: new Date(), many: false, tree, popularFrom: 10 }
    return await searchProducts(sql as never, { limit: 20 }, searching)
  })

  app.get<{ Params: { id: string } }>('/product/:id', async ({ params }) => {
    tree ??= treeOf(await readCategories(sql as never))
    const shown = { language: 'en' as const, currency: 'EUR', at: new Date(), tree, popularFrom: 10 }
    return view((await findProduct(sql as never, params.id))!, shown)
  })

  app.post<{ Body: { productId: string }; Headers: { 'x-user': string } }>(
    '/cart',
    async ({ body: { productId }, headers }, reply) => {
      const user = headers['x-user']
      await sql.begin(tx => [
        tx`
          insert into bench.carts as c (user_id, version) values (${user}, 1)
          on conflict (user_id) do update set version = c.version + 1`,
        tx`
          insert into bench.cart_lines as l (id, user_id, product_id, quantity, price)
          values (${newId()}, ${user}, ${productId}, 1, 1000)
          on conflict (user_id, product_id) do update set quantity = l.quantity + 1`,
      ])
      return reply.code(201).send({ added: true })
    },
  )

  app.post<{ Body: { productId: string }; Headers: { 'x-user': string } }>(
    '/order',
    async ({ body, headers }, reply) => {
      const [id, partId, at] = [newId(), newId(), new Date()]
      const data = sql.typed(
        { ...body, name: 'Ada Lovelace', address: 'Ringstr. 5', city: 'Berlin', zip: '10115' } as never,
        114,
      )
      const write = (table: string, key: string, about: string) => (tx: typeof sql) =>
        tx`
        insert into ${tx(`bench.${table}`)} (id, about, total, data) values (${key}, ${about}, 1000, ${data})`
      const tell = (topic: string) => (tx: typeof sql) =>
        tx`
        insert into bench.events (topic, key, data, published_at) values (${topic}, ${id}, ${data}, ${at})`
      await sql.begin(tx =>
        [
          write('orders', id, headers['x-user']),
          write('order_parts', partId, id),
          write('order_lines', newId(), partId),
          tell('order.created'),
          tell('stock.changed'),
          // Last, as whoever wants the same waits for it.
          (tx: typeof sql) => tx`
            update bench.stock set held = held + 1 where id = ${body.productId} and on_hand > held`,
        ].map(work => work(tx as never)),
      )
      return reply.code(201).send({ id, at })
    },
  )
}
