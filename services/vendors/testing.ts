import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { noteAct } from '#contracts/admin'
import type { EventData } from '#contracts/define'
import { getDocumentFile } from '#contracts/documents'
import { listMembers } from '#contracts/identity'
import {
  getSeller,
  listSellers,
  OrderDisputed,
  OrderRefunded,
  PartDelivered,
  PaymentSucceeded,
} from '#contracts/orders'
import type { Owner } from '#contracts/shared'
import { newId, type Actor, type Db, type Host, type Service } from '#kernel'
import { differencesIn } from '#money/ledger'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import { vendors } from './service.ts'

/** What a test says of something sold; the rest is as it mostly is. */
export interface Sold {
  readonly totalMinor?: number
  readonly commissionMinor?: number
  readonly currency?: string
  readonly at?: string
  readonly kind?: 'physical' | 'digital'
}

/** Vendors, with documents and sellers that are told as their services would. */
export async function open(
  t: TestContext,
  environment: TestOptions['environment'] = {},
  change: (host: Host<string>) => Host<string> = host => host,
) {
  const clock = { at: new Date('2027-03-01T12:00:00Z') }
  const [evidence, foreign] = [newId(), newId()]
  const sellers = new Set<string>()
  const members = new Map<string, string[]>()
  const works = new Map<string, () => Promise<void>>()
  const acts: string[] = []
  const spied = (service: Service): Service => ({
    ...service,
    start: host =>
      service.start({
        ...(change(host as never) as typeof host),
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      }),
  })
  const p = await start(t, [spied(vendors)], {
    now: () => clock.at,
    environment,
    answers: [
      answering(noteAct, async ({ service, actorId, act, object }) => {
        acts.push(`${service} ${actorId} ${act} ${object}`)
        return {}
      }),
      answering(getDocumentFile, async ({ docId }) => ({
        state: [evidence, foreign].includes(docId) ? ('released' as const) : ('unknown' as const),
        scanned: false,
        fileKey: null,
        ...(docId === foreign && { owner: { kind: 'person' as const, id: newId() } }),
      })),
      answering(listMembers, async ({ organisationId }) => ({
        members: (members.get(organisationId) ?? []).map(userId => ({ ...somebody, userId })),
      })),
      answering(getSeller, async ({ ownerId }) => ({ known: sellers.has(ownerId) })),
      answering(listSellers, async ({ ownerIds }) => ({
        items: ownerIds
          .filter(id => sellers.has(id))
          .map(id => ({
            owner: { kind: 'person' as const, id },
            name: 'Voltwerk GmbH',
            address,
            taxId: 'DE136695976',
          })),
      })),
    ],
  })
  const as = (who: Partial<Actor> = {}) => {
    const me = { userId: newId(), ...who }
    const send =
      (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
      async (path: string, payload?: object, more: Record<string, string> = {}) => {
        const { statusCode, headers, body } = await p.http.inject({
          method,
          url: path.startsWith('/shop') ? path : `/api/vendors${path}`,
          headers: { ...p.signedIn(me), ...more },
          ...(payload && { payload }),
        })
        const isJson = /json/.test(String(headers['content-type']))
        return { status: statusCode, headers, text: body, body: isJson ? JSON.parse(body) : undefined }
      }
    return { id: me.userId, get: send('GET'), post: send('POST'), put: send('PUT'), delete: send('DELETE') }
  }
  const whole = {
    name: 'Voltwerk',
    description: 'Wallboxes <from> Regensburg.',
    email: 'shop@example.com',
    iban: 'DE89 3704 0044 0532 0130 00',
    accountHolder: 'Voltwerk GmbH',
    evidence: [evidence],
    acceptTerms: true,
  }
  const admin = as({ role: 'admin' })
  const it = {
    p,
    clock,
    evidence,
    foreign,
    sellers,
    /** Who belongs to an organisation, by its id. */
    members,
    /** What admins did and no event tells, as it was written down. */
    acts,
    as,
    admin,
    whole,
    /** Somebody who has been let in to sell. */
    async vendor(who: Partial<Actor> = {}, more: object = {}) {
      const me = as(who)
      const id = who.organisation?.id ?? me.id
      sellers.add(id)
      assert.equal((await me.put('/profile', { ...whole, ...more })).status, 200)
      assert.equal((await me.post('/profile/submit')).status, 200)
      assert.equal((await admin.post(`/${id}/approve`, {})).status, 200)
      const owner: Owner = { kind: who.organisation ? 'organisation' : 'person', id }
      return { ...me, vendorId: id, owner }
    },
    days: (count: number) => void (clock.at = new Date(clock.at.getTime() + count * 86_400_000)),
    /** Does the periodic work whose purpose this is, and what follows from it. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
    /** Something of each of these vendors is sold in one order, for 100.00 with 10.00 for the platform. */
    async sold(owners: readonly Owner[], about: Sold = {}) {
      const order = paid(owners, { at: clock.at.toISOString(), ...about })
      await p.publish(PaymentSucceeded, order)
      await p.settle()
      return order
    },
    /** All of an order has arrived. */
    async delivered(order: Paid): Promise<void> {
      for (const one of deliveriesOf(order, clock.at)) await p.publish(PartDelivered, one)
      await p.settle()
    },
    /** Sold, arrived, and the hold over. */
    async settled(owner: Owner, about: Sold = {}) {
      const order = await it.sold([owner], about)
      await it.delivered(order)
      it.days(15)
      await it.periodically(/^settle/)
      return order
    },
    /** So much of each part goes back, and as much of its commission. */
    async refunded(order: Paid, share = 1): Promise<void> {
      await p.publish(OrderRefunded, refundOf(order, share, clock.at))
      await p.settle()
    },
    async disputed(order: Paid, state: 'opened' | 'won' | 'lost', amountMinor = order.totalMinor): Promise<void> {
      await p.publish(OrderDisputed, disputeOf(order, state, amountMinor, clock.at))
      await p.settle()
    },
    async earnings(who: { get: ReturnType<typeof as>['get'] }, currency = 'EUR') {
      const { body } = await who.get('/earnings')
      const { pendingMinor, availableMinor, payingMinor, paidMinor, commissionMinor } = body.items.find(
        (one: { currency: string }) => one.currency === currency,
      )
      return [pendingMinor, availableMinor, payingMinor, paidMinor, commissionMinor] as number[]
    },
    /** All that was booked adds up, and what is pending of parts is what the accounts have. */
    async isRight(): Promise<void> {
      const db = p.db('vendors') as unknown as Db
      assert.deepEqual([...(await differencesIn(db))], [])
      const sums = await db<{ sum: bigint }[]>`
        select sum(balance_minor)::bigint as sum from ledger_accounts group by owner_id, currency`
      for (const { sum } of sums) assert.equal(sum, 0n, 'of each vendor all accounts sum to zero')
      const odd = await db`
        select a.owner_id, a.balance_minor, p.minor from ledger_accounts a
        left join (select vendor_id, currency, sum(pending_minor) as minor from sold_parts
          where part_id is not null group by 1, 2) p on p.vendor_id = a.owner_id and p.currency = a.currency
        where a.kind = 'pending' and a.balance_minor <> coalesce(p.minor, 0)`
      assert.deepEqual([...odd], [])
    },
  }
  return it
}

const somebody = {
  email: 'ada@example.com',
  name: 'Ada',
  firstName: 'Ada',
  locale: 'en' as const,
  disabled: false,
  role: 'editor' as const,
}

const address = { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', region: null, country: 'DE' }

export type Paid = EventData<typeof PaymentSucceeded>

/** An order that was paid, with a part of each vendor. */
export function paid(
  owners: readonly Owner[],
  { totalMinor = 100_00, commissionMinor = 10_00, currency = 'EUR', kind = 'physical', at = '' }: Sold,
): Paid {
  const parts = owners.map(vendor => ({
    partId: newId(),
    vendorId: vendor.id,
    vendor,
    shippingMinor: 0,
    taxMinor: 0,
    totalMinor,
    commissionMinor,
  }))
  const sum = totalMinor * parts.length
  return {
    orderId: newId(),
    number: 'K7M2Q-9XWTB',
    userId: newId(),
    version: 2,
    currency,
    subtotalMinor: sum,
    discountMinor: 0,
    shippingMinor: 0,
    taxMinor: 0,
    totalMinor: sum,
    giftCardMinor: 0,
    status: 'processing',
    paymentStatus: 'paid',
    country: 'DE',
    cartId: newId(),
    parts,
    items: parts.map(({ partId, vendorId }) => ({
      lineId: newId(),
      partId,
      vendorId,
      productId: newId(),
      variantId: newId(),
      productName: 'Wallbox 11 kW',
      sku: 'WB-11',
      kind,
      quantity: 1,
      priceMinor: totalMinor,
      discountMinor: 0,
      netMinor: totalMinor,
      taxMinor: 0,
      totalMinor,
      commissionBasisPoints: 1_000,
      commissionMinor,
      passportId: null,
    })),
    at,
    paymentMethod: 'stripe',
    paymentId: null,
    paymentIntent: null,
  }
}

const about = ({ orderId, number, userId, version }: Paid) => ({ orderId, number, userId, version: version + 1 })

export const deliveriesOf = (order: Paid, at: Date) =>
  order.parts.map(({ partId, vendorId }) => ({ ...about(order), partId, vendorId, deliveredAt: at.toISOString() }))

export const refundOf = (order: Paid, share: number, at: Date) => ({
  ...about(order),
  refundId: newId(),
  currency: order.currency,
  amountMinor: order.totalMinor * share,
  whole: share === 1,
  reason: 'broken',
  parts: order.parts.map(({ partId, vendorId, totalMinor, commissionMinor }) => ({
    partId,
    vendorId,
    amountMinor: totalMinor * share,
    commissionMinor: commissionMinor * share,
  })),
  items: [],
  at: at.toISOString(),
})

export const disputeOf = (order: Paid, state: 'opened' | 'won' | 'lost', amountMinor: number, at: Date) => ({
  ...about(order),
  disputeId: 'dp_1',
  state,
  currency: order.currency,
  amountMinor,
  at: at.toISOString(),
})
