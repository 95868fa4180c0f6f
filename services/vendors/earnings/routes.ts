import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { createdIn, listRoutes, signedIn, type Actor, type Db } from '#kernel'
import { accountsOf, isTransfer, statementOf } from '#money/ledger'
import type { VendorsHost } from '../host.ts'
import { nullable } from '../profiles/profile.ts'
import { vendorIdOf } from '../profiles/routes.ts'
import type { AccountKind } from './accounts.ts'

const Earnings = Type.Object({
  currency: Currency,
  pendingMinor: { ...Minor, description: 'Sold, and not settled yet' },
  availableMinor: { ...Minor, description: 'Can be paid out; below zero where something went back that was paid out' },
  payingMinor: { ...Minor, description: 'On its way' },
  paidMinor: { ...Minor, description: 'Paid out in all' },
  commissionMinor: { ...Minor, description: 'What the platform kept of what was sold' },
  nextSettlement: nullable(
    Type.Object({ at: Instant, amountMinor: Minor }, { description: 'What becomes available next' }),
  ),
})
export const EarningsView = Type.Object(
  {
    vendorId: Id,
    holdDays: Type.Number({ description: 'So long after its delivery something is settled', examples: [14] }),
    items: Type.Array(Earnings),
  },
  { title: 'VendorEarnings' },
)

const Account = Type.Enum(['pending', 'available', 'paying', 'paid', 'commission'], { examples: ['available'] })
const PostingView = Type.Object(
  {
    id: Type.String({ examples: ['4711'] }),
    at: Instant,
    kind: Type.String({ examples: ['sale'] }),
    causeId: { ...Id, description: 'Of the part of an order, the refund, or the payout' },
    orderId: nullable(Id),
    orderNumber: nullable(Type.String({ examples: ['K7M2Q-9XWTB'] })),
    amountMinor: { ...Minor, description: 'Above zero where it came in' },
    other: Type.String({ description: 'The account on the other side', examples: ['buyers'] }),
  },
  { title: 'EarningsPosting' },
)

/** Of which vendor: one's own, and admins of any. */
export const asked = (actor: Actor, vendorId: string | undefined): string =>
  actor.role === 'admin' ? (vendorId ?? vendorIdOf(actor)) : vendorIdOf(actor)
export const OfVendor = Type.Optional({
  ...Id,
  description: 'Of which vendor; only admins name another than themselves',
})

/** What a vendor earned, by account, and each figure down to its postings. */
export function earningsRoutes({ db, http, settings }: VendorsHost): void {
  http.get(
    '/earnings',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What one earned: pending, available, on its way, paid, and what the platform kept',
        description: 'Of the vendor that one is, by currency. It is settled some time after its delivery.',
        querystring: Type.Object({ vendorId: OfVendor }, { additionalProperties: false, examples: [{}] }),
        response: { 200: EarningsView },
      },
    },
    async ({ actor, query }) => {
      const vendorId = asked(actor, query.vendorId)
      const items = await earningsOf(db, vendorId, settings.VENDORS_SETTLE_AFTER)
      return { vendorId, holdDays: settings.VENDORS_SETTLE_AFTER / 86_400_000, items }
    },
  )

  listRoutes(http, db, '/earnings/postings', {
    config: { access: signedIn },
    schema: {
      summary: 'What came into an account of one’s earnings and went out of it, the newest first',
      of: 'postings',
      filters: { currency: Currency, account: Type.Optional(Account), vendorId: OfVendor },
      item: PostingView,
    },
    wanted: async ({ actor, query }) => {
      const { account = 'available', currency, vendorId } = query
      const accounts = await accountsOf(db, asked(actor, vendorId), account)
      return { account: accounts.find(one => one.currency === currency)?.id ?? null, span: createdIn(query) }
    },
    rows: ({ account, span }, limit, after) => statementOf(db, account, limit, after?.[0] as string | undefined, span),
    order: [isTransfer],
    keysOf: ({ id }) => [id.toString()],
    view: ({ id, at, kind, cause, about, minor, other }) => {
      const { orderId = null, number = null } = (about ?? {}) as { orderId?: string; number?: string }
      return {
        id: id.toString(),
        at: at.toISOString(),
        // Of a dispute without what its provider calls it.
        kind: kind.split(' ')[0]!,
        causeId: cause,
        orderId,
        orderNumber: number,
        amountMinor: Number(minor),
        other,
      }
    },
  })
}

async function earningsOf(db: Db, vendorId: string, holdMs: number): Promise<Static<typeof Earnings>[]> {
  const [accounts, waiting] = await Promise.all([
    accountsOf(db, vendorId),
    db<{ currency: string; at: Date; minor: bigint }[]>`
      select distinct on (currency) currency, delivered_at as at, sum(pending_minor)::bigint as minor from sold_parts
      where vendor_id = ${vendorId} and settled_at is null and delivered_at is not null and part_id is not null
      group by currency, delivered_at order by currency, delivered_at`,
  ])
  return [...new Set(accounts.map(({ currency }) => currency))].toSorted().map(currency => {
    const of = (kind: AccountKind): number =>
      Number(accounts.find(one => one.kind === kind && one.currency === currency)?.balanceMinor ?? 0n)
    const next = waiting.find(one => one.currency === currency)
    return {
      currency,
      pendingMinor: of('pending'),
      availableMinor: of('available'),
      payingMinor: of('paying'),
      paidMinor: of('paid'),
      commissionMinor: of('commission'),
      nextSettlement: next
        ? { at: new Date(next.at.getTime() + holdMs).toISOString(), amountMinor: Number(next.minor) }
        : null,
    }
  })
}
