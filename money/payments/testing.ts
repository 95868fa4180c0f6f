import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Type from 'typebox'
import { defineService, newId, type Database, type Host, type Service, type Tx } from '../../kernel/index.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import {
  openPayments,
  paymentProblems,
  payments as module,
  paymentSettings,
  type PaymentChange,
  type Payments,
  type Wish,
} from '../payments.ts'
import { signatureOfRazorpay } from './stand-in/razorpay-wire.ts'
import { openStandIn, type StandIn } from './stand-in/server.ts'
import { signatureOfStripe, type Told } from './stand-in/stripe-wire.ts'

export const wires = ['stripe', 'razorpay'] as const
export type Wire = (typeof wires)[number]

export const webhookSecret = 'whsec_for_tests'
export const keySecret = 'razorpay-key-secret'

/** What providers take here. */
export const currencies = { stripe: 'EUR', razorpay: 'INR' } as const

/** A shop that notes each effect of its payments, once for each time it is told. */
async function shop(
  t: TestContext,
  opened: (payments: Payments<'shop'>, db: Database<'shop'>) => void,
  change: (host: Host) => Host,
) {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-shop-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'migrations'))
  await writeFile(
    join(folder, 'migrations', '0001_effects.sql'),
    `create table effects (position bigint generated always as identity primary key,
      payment_id uuid not null references payments, kind text not null, amount_minor bigint)`,
  )
  return defineService({
    name: 'shop',
    folder,
    problems: paymentProblems,
    includes: [module],
    settings: Type.Object(paymentSettings),
    start(host) {
      const onChange: Parameters<typeof openPayments<'shop'>>[1]['onChange'] = async (tx, change) => {
        await tx`insert into effects (payment_id, kind, amount_minor)
          values (${change.payment.id}, ${change.kind}, ${amountOf(change)})`
      }
      opened(openPayments<'shop'>(change(host as never) as never, { onChange }), host.db)
    },
  })
}

function amountOf(change: PaymentChange): bigint | null {
  if ('refund' in change) return change.refund.amountMinor
  return 'amountMinor' in change ? change.amountMinor : null
}

export interface Shop {
  readonly p: TestPlatform
  readonly payments: Payments<'shop'>
  readonly service: Service
  /** One for each process. */
  readonly opened: readonly Payments<'shop'>[]
  readonly standIn: StandIn
  readonly wire: Wire
  /** What the shop has been told, in its order: `succeeded 1000`. */
  told(paymentId?: string): Promise<string[]>
  begin(wish?: Partial<Omit<Wish, 'money'>> & { minor?: bigint }): ReturnType<Payments<'shop'>['begin']>
  /** Until all webhooks are delivered and all jobs done. */
  settle(): Promise<void>
  /** Sends a webhook as somebody would, and says what is answered. */
  post(body: string, headers: Record<string, string>): Promise<number>
  refund(id: string, reference: string, amountMinor: bigint): Promise<unknown>
  capture(id: string, amountMinor: bigint): Promise<void>
  cancel(id: string): Promise<void>
}

export interface ShopOptions {
  readonly now?: () => Date
  readonly change?: (host: Host) => Host
  /** Instead of those of the provider. */
  readonly environment?: Record<string, string>
  /** Beside them. */
  readonly more?: Record<string, string>
}

/** A shop with a provider of its own, to which the real package speaks over HTTP. */
export async function openShop(t: TestContext, wire: Wire, options: ShopOptions = {}): Promise<Shop> {
  const { now, change = host => host, more = {} } = options
  const all: { payments: Payments<'shop'>; db: Database<'shop'> }[] = []
  const post = async (body: string, headers: Record<string, string>): Promise<number> => {
    const url = `/api/shop/webhooks/${wire}`
    const answer = await p.http.inject({ method: 'POST', url, headers, payload: body })
    return answer.statusCode
  }
  const secrets = { stripe: webhookSecret, razorpay: webhookSecret }
  const standIn = openStandIn({ now, secrets, deliver: (_, body, headers) => post(body, headers) })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const service = await shop(t, (payments, db) => void all.push({ payments, db }), change)
  const p = await start(t, [service], {
    now,
    environment: options.environment ?? { ...settingsFor(wire, url), ...more },
  })
  const { payments, db } = all[0]!
  const begin: Shop['begin'] = ({ minor = 1_000n, ...wish } = {}) =>
    payments.begin({
      purpose: 'top-up',
      reference: newId(),
      payer: { kind: 'person', id: newId() },
      capture: 'automatic',
      description: 'Ten for the wallet',
      returnTo: '/wallet',
      money: { minor, currency: currencies[wire] },
      ...wish,
    })
  const within = <T>(work: (tx: Tx<'shop'>) => Promise<T>) => db.transaction(work)
  return {
    p,
    payments,
    service,
    get opened() {
      return all.map(({ payments }) => payments)
    },
    standIn,
    wire,
    begin,
    post,
    async told(paymentId) {
      const of = paymentId ? p.db('shop')`where payment_id = ${paymentId}` : p.db('shop')``
      const rows = await p.db('shop')`select kind, amount_minor from effects ${of} order by position`
      return rows.map(({ kind, amount_minor }) => [kind, amount_minor].filter(part => part !== null).join(' '))
    },
    async settle() {
      await standIn.idle()
      await p.settle()
      await standIn.idle()
      await p.settle()
    },
    refund: (id, reference, amountMinor) => within(tx => payments.refund(tx, id, { reference, amountMinor })),
    capture: (id, amountMinor) => within(tx => payments.capture(tx, id, amountMinor)),
    cancel: id => within(tx => payments.cancel(tx, id)),
  }
}

const settingsFor = (wire: Wire, url: string): Record<string, string> =>
  wire === 'stripe'
    ? { STRIPE_SECRET_KEY: 'sk_test_shop', STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_API_URL: url }
    : {
        RAZORPAY_KEY_ID: 'rzp_test_shop',
        RAZORPAY_KEY_SECRET: keySecret,
        RAZORPAY_WEBHOOK_SECRET: webhookSecret,
        RAZORPAY_API_URL: url,
      }

/** The heads of an event that somebody signs with this secret. */
export const forged = (wire: Wire, event: Told, secret: string): Record<string, string> => ({
  'content-type': 'application/json',
  ...(wire === 'stripe' ? signatureOfStripe(event, secret, new Date()) : signatureOfRazorpay(event, secret)),
})

/** Something that happened at the provider to nothing of ours. */
export const eventOfNothing = (wire: Wire): Told => {
  const about = { id: 'evt_own', type: wire === 'stripe' ? 'payout.paid' : 'settlement.processed' }
  return {
    ...about,
    body: JSON.stringify(
      wire === 'stripe'
        ? { ...about, object: 'event', livemode: false, data: { object: { id: 'po_1', object: 'payout' } } }
        : {
            event: about.type,
            account_id: 'acc_standin0000001',
            payload: { settlement: { entity: { id: 'setl_1' } } },
          },
    ),
  }
}
