import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { getDocumentFile } from '#contracts/documents'
import {
  ProductCreated,
  ProductDeleted,
  ProductUpdated,
  StockSet,
  type Listing,
  type Variant,
} from '#contracts/marketplace'
import type { Owner } from '#contracts/shared'
import { newId, type Db, type Host, type Service } from '#kernel'
import { differencesIn } from '#money/ledger'
import { answering, fakes, start, type TestOptions } from '../../kernel/testing.ts'
import { openStandIn } from '../../money/payments/stand-in/server.ts'
import { orders } from './service.ts'

type Files = Host<'orders'>['files']

export const secret = 'whsec_for_tests'

export const address = {
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  address: 'Ringstr. 5',
  city: 'Berlin',
  country: 'DE',
  zip: '10115',
}

export interface Product {
  readonly listing: Listing
  readonly variantId: string
}

/** A database that tells of each step of who writes to it: before a transaction, before its commit, and after it. */
export const stepping = <Db extends Host<string>['db']>(db: Db, step: () => void): Db => {
  const stepped =
    (work: (tx: never) => Promise<unknown>) =>
    async (tx: never): Promise<unknown> => {
      const value = await work(tx)
      step()
      return value
    }
  const around = async (write: () => Promise<unknown>): Promise<unknown> => {
    step()
    const value = await write()
    step()
    return value
  }
  return new Proxy(db, {
    get: (target: any, name) =>
      name === 'transaction'
        ? (work: never) => around(() => target.transaction(stepped(work)))
        : name === 'once'
          ? (request: never, work: never) => around(() => target.once(request, stepped(work)))
          : Reflect.get(target, name),
  })
}

/** Orders with the cart that tests hand over, a provider of payments, and products that are told as their service would. */
export async function open(
  t: TestContext,
  cart: Service,
  options: TestOptions & {
    wire?: 'stripe' | 'razorpay' | 'play'
    step?: () => void
    /** Services that stand beside. */
    beside?: readonly Service[]
    /** Takes what the provider tells, where it is not for the services here. */
    deliver?: Parameters<typeof openStandIn>[0]['deliver']
  } = {},
) {
  const { wire = 'stripe' } = options
  const clock = { at: undefined as Date | undefined }
  const standIn = openStandIn({
    secrets: { stripe: secret, razorpay: secret },
    deliver:
      options.deliver ??
      (async (to, payload, headers) =>
        (await it.p.http.inject({ method: 'POST', url: `/api/orders/webhooks/${to}`, headers, payload })).statusCode),
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const environment =
    wire === 'stripe'
      ? { STRIPE_SECRET_KEY: 'sk_test_shop', STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_URL: url }
      : wire === 'play'
        ? {}
        : {
            RAZORPAY_KEY_ID: 'rzp_test_shop',
            RAZORPAY_KEY_SECRET: 'key_secret_for_tests',
            RAZORPAY_WEBHOOK_SECRET: secret,
            RAZORPAY_API_URL: url,
          }
  const works = new Map<string, () => Promise<void>>()
  const documents = new Map<string, { fileKey: string; owner: Owner }>()
  let files!: Files
  const held = (service: Service): Service => ({
    ...service,
    start: host => {
      files = host.files
      return service.start({
        ...host,
        ...(options.step && { db: stepping(host.db, options.step) }),
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      })
    },
  })
  const answers = [
    answering(getDocumentFile, async ({ docId }) => ({
      state: 'released' as const,
      scanned: false,
      fileKey: null,
      ...documents.get(docId),
    })),
    ...(options.answers ?? []),
  ]
  const p = await start(t, [held(orders), held(cart), ...(options.beside ?? [])], {
    now: () => clock.at ?? new Date(),
    ...options,
    environment: { ...environment, ...options.environment },
    answers,
  })
  const as = (who: object = {}) => {
    const userId = newId()
    const headers = p.signedIn({ userId, ...who })
    const send =
      (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
      async (url: string, payload?: object, more: Record<string, string> = {}) => {
        const answer = await p.http.inject({
          method,
          url,
          headers: { ...headers, ...more },
          ...(payload && { payload }),
        })
        const isJson = /json/.test(String(answer.headers['content-type']))
        return { status: answer.statusCode, headers: answer.headers, body: isJson ? answer.json() : answer.body } as {
          status: number
          headers: typeof answer.headers
          body: any
        }
      }
    return {
      userId: (who as { userId?: string }).userId ?? userId,
      get: send('GET'),
      post: send('POST'),
      put: send('PUT'),
      delete: send('DELETE'),
    }
  }
  const vendor = (id = newId()) => {
    const owner: Owner = { kind: 'organisation', id }
    return { owner, ...as({ role: 'vendor', organisation: { id, role: 'owner' } }) }
  }
  const shop = vendor()
  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      await standIn.idle()
      await p.settle()
    }
  }
  const it = {
    p,
    /** What the services here were told of the provider. */
    environment,
    /** One more process of the same services. */
    another: () => p.another([orders, cart, ...fakes(answers)]),
    standIn,
    clock,
    as,
    vendor,
    shop,
    admin: as({ role: 'admin' }),
    settle,
    /** A product with one variant, told by the marketplace. */
    async product(
      about: Partial<Omit<Listing, 'variants'>> & {
        price?: number
        stock?: number | null
        variant?: Partial<Variant>
      } = {},
    ): Promise<Product> {
      const { price = 10_00, stock = 100, variant, ...more } = about
      const [productId, variantId] = [newId(), newId()]
      const owner = more.owner ?? shop.owner
      const listing: Listing = {
        productId,
        vendorId: owner.id,
        owner,
        name: 'Wallbox 11 kW',
        slug: `wallbox-${productId.slice(-6)}`,
        kind: 'physical',
        status: 'active',
        forSale: true,
        categoryId: null,
        taxClass: 'standard',
        taxIncluded: true,
        thumbnail: null,
        passportId: null,
        version: 1,
        ...more,
        variants: [
          {
            variantId,
            sku: `SKU-${productId.slice(-6)}`,
            options: [],
            prices: [{ currency: 'EUR', priceMinor: price, sale: null }],
            weightG: 4_200,
            stockPolicy: stock === null ? 'unlimited' : 'deny',
            availableAt: null,
            maxPerOrder: null,
            serial: null,
            delivery: null,
            ...variant,
          },
        ],
      }
      await p.publish(ProductCreated, listing)
      if (stock !== null) await it.stock({ listing, variantId }, stock, 1)
      await p.settle()
      return { listing, variantId }
    },
    /** A document of somebody, as its service would have it. */
    async file(owner: Owner, content: string): Promise<string> {
      const docId = newId()
      const fileKey = `documents/${docId}/${docId}`
      await files.write(fileKey, Readable.from([content]), { maxBytes: 1_000_000 })
      documents.set(docId, { fileKey, owner })
      return docId
    },
    async stock({ listing, variantId }: Product, counted: number, version: number): Promise<void> {
      const { productId, vendorId } = listing
      await p.publish(StockSet, {
        variantId,
        productId,
        vendorId,
        sku: 'SKU',
        counted,
        countVersion: version,
        added: 0,
        version,
      })
    },
    async change({ listing }: Product, change: Partial<Listing>, gone = false): Promise<void> {
      await p.publish(gone ? ProductDeleted : ProductUpdated, { ...listing, ...change })
      await p.settle()
    },
    /** Somebody with this in their cart. */
    async buyer(wanted: readonly (readonly [Product, number])[] = [], who = as()) {
      for (const [{ listing, variantId }, quantity] of wanted) {
        const { status, body } = await who.post('/api/cart/items', {
          productId: listing.productId,
          variantId,
          quantity,
        })
        assert.equal(status, 201, JSON.stringify(body))
      }
      return {
        ...who,
        order: (more: object = {}, headers = {}) =>
          who.post('/api/orders', { billingAddress: address, ...more }, headers),
      }
    },
    /** An order, placed. */
    async placed(wanted: readonly (readonly [Product, number])[], who = as()) {
      const buyer = await it.buyer(wanted, who)
      const { status, body } = await buyer.order()
      assert.equal(status, 201, JSON.stringify(body))
      return { buyer, order: body }
    },
    /** And paid. */
    async paid(wanted: readonly (readonly [Product, number])[], who = as()) {
      const { buyer, order } = await it.placed(wanted, who)
      const payment = await it.pay(buyer, order.id)
      return { buyer, order: (await buyer.get(`/api/orders/${order.id}`)).body, payment }
    },
    async pay(buyer: ReturnType<typeof as>, orderId: string) {
      const { status, body } = await buyer.post(`/api/orders/${orderId}/payment`)
      assert.equal(status, 200, JSON.stringify(body))
      standIn.state.act(body.providerId, 'approve')
      await settle()
      return body
    },
    async level({ variantId }: Product) {
      const [row] = await p.db('orders')`
        select on_hand::int as "onHand", held::int as held from stock where variant_id = ${variantId}`
      return { ...row } as { onHand: number; held: number }
    },
    /** Does the periodic work whose purpose this is, and what follows from it. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await settle()
    },
    /** All that was booked adds up, and no piece is held for nobody. */
    async isRight(): Promise<void> {
      const db = p.db('orders') as unknown as Db
      assert.deepEqual([...(await differencesIn(db))], [])
      const [row] = await db<{ sum: bigint }[]>`
        select coalesce(sum(balance_minor), 0)::bigint as sum from ledger_accounts`
      assert.equal(row!.sum, 0n)
      const odd = await db`
        select s.variant_id from stock s
        where s.held <> (select coalesce(sum(l.quantity), 0) from order_lines l join orders o on o.id = l.order_id
          where l.variant_id = s.variant_id and o.status = 'pending' and l.counted)`
      assert.deepEqual([...odd], [], 'held for orders that may still be paid, and for nothing else')
    },
  }
  return it
}
