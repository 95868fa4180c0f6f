import { randomInt } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import {
  isId,
  isInstant,
  newId,
  Problem,
  requireMatch,
  timeOf,
  violates,
  fresh,
  withRole,
  listRoutes,
  createdIn,
  madeIn,
} from '#kernel'
import { post } from '#money/ledger'
import { sellsAs, vendorOf, vendors, vendorsFor } from '../access.ts'
import type { OrdersHost } from '../host.ts'
import { accounts } from '../paying/ending.ts'
import { cardColumns, codeOf, couponColumns, hashOf, type Coupon, type GiftCard } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Amount = { ...Minor, minimum: 1, maximum: 1_000_000_000 }
const Uses = Type.Integer({ minimum: 1, maximum: 1_000_000_000, examples: [100] })

const CouponBody = {
  code: Type.String({ minLength: 3, maxLength: 40, pattern: '^[0-9A-Za-z -]+$', examples: ['SPRING-10'] }),
  percent: Type.Optional(
    Type.String({
      pattern: '^(100|[1-9]?\\d(\\.\\d{1,2})?)$',
      maxLength: 5,
      description: 'This, or an amount',
      examples: ['10'],
    }),
  ),
  amountMinor: Type.Optional(Amount),
  currency: Type.Optional(Currency),
  leastMinor: Type.Optional({ ...Amount, description: 'Of what it takes off, in whatever currency' }),
  startsAt: Type.Optional(Instant),
  endsAt: Type.Optional({ ...Instant, description: 'Not included' }),
  maxUses: Type.Optional(Uses),
  maxUsesEach: Type.Optional({ ...Uses, description: 'By one buyer' }),
}
const CouponView = Type.Object(
  {
    id: Id,
    vendorId: nullable({ ...Id, description: 'Null: of the platform, off everything' }),
    code: Type.String({ examples: ['SPRING10'] }),
    percent: nullable(Type.String({ examples: ['10'] })),
    amountMinor: nullable(Amount),
    currency: nullable(Currency),
    leastMinor: { ...Minor, minimum: 0 },
    startsAt: nullable(Instant),
    endsAt: nullable(Instant),
    maxUses: nullable(Uses),
    maxUsesEach: nullable(Uses),
    used: Type.Integer({ minimum: 0, examples: [12] }),
    active: Type.Boolean(),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Coupon' },
)

const viewCoupon = (one: Coupon): Static<typeof CouponView> => ({
  ...one,
  amountMinor: one.amountMinor === null ? null : Number(one.amountMinor),
  leastMinor: Number(one.leastMinor),
  startsAt: one.startsAt?.toISOString() ?? null,
  endsAt: one.endsAt?.toISOString() ?? null,
  createdAt: one.createdAt.toISOString(),
})

const CardView = Type.Object(
  {
    id: Id,
    hint: Type.String({ description: 'The last letters of its code', examples: ['7XQ2'] }),
    currency: Currency,
    issuedMinor: Amount,
    balanceMinor: { ...Minor, minimum: 0 },
    expiresAt: nullable(Instant),
    createdAt: Instant,
  },
  { title: 'GiftCard' },
)

const viewCard = (one: GiftCard): Static<typeof CardView> => ({
  ...one,
  issuedMinor: Number(one.issuedMinor),
  balanceMinor: Number(one.balanceMinor),
  expiresAt: one.expiresAt?.toISOString() ?? null,
  createdAt: one.createdAt.toISOString(),
})

const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const newCode = (): string =>
  Array.from(
    { length: 16 },
    (_, at) => `${at > 0 && at % 4 === 0 ? '-' : ''}${letters[randomInt(letters.length)]}`,
  ).join('')

/** What takes something off an order, and what pays some of it. */
export function voucherRoutes(host: OrdersHost): void {
  const { acted, db, http, now } = host

  http.post(
    '/coupons',
    {
      config: { access: vendors },
      schema: {
        summary: 'Make a coupon',
        description: 'Of a vendor it takes off what is theirs; of an admin, off everything.',
        honours: ['Idempotency-Key'],
        refuses: ['coupon_taken', 'coupon_not_for_this'],
        body: Type.Object(CouponBody, { examples: [{ code: 'SPRING-10', percent: '10', maxUses: 100 }] }),
        response: { 201: CouponView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      if (
        (body.percent === undefined) === (body.amountMinor === undefined) ||
        (body.amountMinor === undefined) !== (body.currency === undefined)
      )
        throw new Problem('conflict', 'coupon_not_for_this', {
          detail: 'A coupon takes off a percentage, or an amount in a currency.',
        })
      const made: Coupon = {
        id: newId(),
        vendorId: actor.role === 'admin' ? null : vendorOf(actor).id,
        code: codeOf(body.code),
        percent: body.percent ?? null,
        amountMinor: body.amountMinor === undefined ? null : BigInt(body.amountMinor),
        currency: body.currency ?? null,
        leastMinor: BigInt(body.leastMinor ?? 0),
        startsAt: body.startsAt === undefined ? null : timeOf(body.startsAt),
        endsAt: body.endsAt === undefined ? null : timeOf(body.endsAt),
        maxUses: body.maxUses ?? null,
        maxUsesEach: body.maxUsesEach ?? null,
        used: 0,
        active: true,
        version: 1,
        createdAt: now(),
      }
      const created = await db
        .once(request, async tx => {
          await tx`
            insert into coupons (id, vendor_id, code, percent, amount_minor, currency, least_minor, starts_at, ends_at,
              max_uses, max_uses_each, version, created_at)
            values (${made.id}, ${made.vendorId}, ${made.code}, ${made.percent}, ${made.amountMinor}, ${made.currency},
              ${made.leastMinor}, ${made.startsAt}, ${made.endsAt}, ${made.maxUses}, ${made.maxUsesEach}, 1,
              ${made.createdAt})`
          return viewCoupon(made)
        })
        .catch(error => {
          throw violates(error, 'coupons_code_key') ? new Problem('conflict', 'coupon_taken') : error
        })
      return reply.code(201).send(created)
    },
  )

  listRoutes(http, db, '/coupons', {
    config: { access: vendors },
    schema: { summary: 'One’s coupons; all of an admin', of: 'coupons', filters: {}, item: CouponView },
    wanted: ({ actor, query }) => ({ own: vendorsFor(actor), created: createdIn(query) }),
    rows: ({ own, created }, limit, after) => db<Coupon[]>`
      select ${couponColumns(db)} from coupons
      where ${own === undefined ? db`true` : db`vendor_id = any(${own}::uuid[])`} ${madeIn(db, 'created_at', created)}
        and ${after ? db`(created_at, id) > (${after[0] as string}, ${after[1] as string}::uuid)` : db`true`}
      order by created_at, id limit ${limit}`,
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: viewCoupon,
  })

  http.delete(
    '/coupons/:id',
    {
      config: { access: vendors },
      schema: {
        summary: 'Let a coupon count no longer',
        description: 'Orders that were placed with it keep what it took off.',
        honours: ['If-Match'],
        refuses: ['coupon_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const [found] = await tx<Coupon[]>`select ${couponColumns(tx)} from coupons where id = ${params.id} for update`
        if (!found || !sellsAs(actor, found.vendorId)) throw new Problem('not_found', 'coupon_unknown')
        requireMatch(request, found.version)
        await tx`update coupons set active = false, version = version + 1 where id = ${params.id}`
      })
      return reply.code(204).send()
    },
  )

  http.post(
    '/gift-cards',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Issue a gift card',
        description: 'Its code is in this answer and nowhere else.',
        body: Type.Object({ currency: Currency, amountMinor: Amount, expiresAt: Type.Optional(Instant) }),
        response: { 201: Type.Object({ ...CardView.properties, code: Type.String() }, { title: 'NewGiftCard' }) },
      },
    },
    async ({ actor, body }, reply) => {
      const code = newCode()
      const [id, at, minor] = [newId(), now(), BigInt(body.amountMinor)]
      const card: GiftCard = {
        id,
        hint: code.slice(-4),
        currency: body.currency,
        issuedMinor: minor,
        balanceMinor: minor,
        expiresAt: body.expiresAt === undefined ? null : timeOf(body.expiresAt),
        createdAt: at,
      }
      await db.transaction(async tx => {
        await tx`
          insert into gift_cards (id, code_hash, hint, currency, issued_minor, balance_minor, expires_at, created_at)
          values (${id}, ${hashOf(code)}, ${card.hint}, ${card.currency}, ${minor}, ${minor}, ${card.expiresAt}, ${at})`
        const [from, to] = [await accounts.outside(tx, card.currency), await accounts.giftCards(tx, card.currency)]
        await post(tx, { cause: id, kind: 'gift-card', at, transfers: [{ from, to, minor }] })
        await acted(tx, actor, 'gift-card.issued', id, { currency: card.currency, amountMinor: body.amountMinor })
      })
      return reply.code(201).send({ ...viewCard(card), code })
    },
  )

  listRoutes(http, db, '/gift-cards', {
    config: { access: withRole('admin') },
    schema: { summary: 'Gift cards, and what is left of them', of: 'gift cards', filters: {}, item: CardView },
    wanted: ({ query }) => createdIn(query),
    rows: (created, limit, after) => db<GiftCard[]>`
      select ${cardColumns(db)} from gift_cards
      where ${after ? db`(created_at, id) > (${after[0] as string}, ${after[1] as string}::uuid)` : db`true`}
        ${madeIn(db, 'created_at', created)}
      order by created_at, id limit ${limit}`,
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: viewCard,
  })
}
