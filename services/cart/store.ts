import type { Static } from 'typebox'
import type { Price } from '#contracts/marketplace'
import type { CartContent } from '#contracts/shared'
import { newId, type Db, type Tx } from '#kernel'

/** Whose cart it is: a person's, or a browser's by the hash of its token. */
export type Whose = { readonly userId: string; readonly waiting?: Waiting | undefined } | { readonly tokenHash: Buffer }

/** What a browser had in another currency when somebody signed in there: it joins once their own cart is empty. */
export interface Waiting {
  readonly currency: string
  readonly lines: number
}

export interface Cart {
  readonly id: string
  readonly orderKey: string
  readonly currency: string
  readonly country: string | null
  readonly region: string | null
  readonly coupons: string[]
  readonly giftCards: string[]
  readonly shipping: { vendorId: string; optionId: string }[]
  readonly version: number
  readonly expiresAt: Date
}

export type CartLine = Static<typeof CartContent>['lines'][number]

/** So many different things, and so many of each. */
export const most = { lines: 150, quantity: 10_000 }

/** Seven days from the last change on. */
export const lastsMs = 7 * 86_400_000

const columns = (db: Db) => db`
  id, order_key as "orderKey", currency, country, region, coupons, gift_cards as "giftCards", shipping, version,
  expires_at as "expiresAt"`

const of = (db: Db, whose: Whose) =>
  'userId' in whose ? db`user_id = ${whose.userId}` : db`token_hash = ${whose.tokenHash}`

/** The cart with what is in it, read at once. */
export async function findCart(db: Db, whose: Whose): Promise<{ cart: Cart; lines: CartLine[] } | undefined> {
  const [row] = await db<(Cart & { lines: CartLine[] })[]>`
    select ${columns(db)}, (
      select coalesce(json_agg(json_build_object('lineId', l.id, 'productId', l.product_id, 'variantId', l.variant_id,
        'quantity', l.quantity, 'priceMinor', l.price_minor) order by l.added_at, l.id), '[]')
      from (select * from cart_lines where cart_id = carts.id order by added_at, id limit 200) l) as lines
    from carts where ${of(db, whose)}`
  if (!row) return undefined
  const { lines, ...cart } = row
  return { cart, lines }
}

export interface Candidate {
  readonly variantId: string
  readonly forSale: boolean
  readonly prices: Price[]
  readonly most: number | null
  /** Of the cart it would be put into; null where nothing is in that. */
  readonly currency: string | null
}

/** In which currency a cart is, as long as something is in it. */
const currencyOf = (db: Db, whose: Whose) => db`
  select currency from carts where ${of(db, whose)} and exists (select from cart_lines where cart_id = carts.id)`

/** The variants of a product, beside the currency that the cart has. */
export const candidates = (db: Db, productId: string, whose: Whose | undefined) => db<Candidate[]>`
  select v.variant_id as "variantId", o.for_sale as "forSale", v.prices, v.most,
    ${whose === undefined ? db`null` : db`(${currencyOf(db, whose)})`} as currency
  from variants v join offers o on o.product_id = v.product_id where v.product_id = ${productId} limit 100`

export interface Wanted {
  readonly productId: string
  /** Where the product has one alone it may be left out. */
  readonly variantId?: string | undefined
  readonly quantity: number
  /** Of a cart in which nothing is yet; the first there is a price in where it is left out. */
  readonly currency?: string | undefined
}

/**
 * Into the one cart of a person or a browser, made where there is none, at what it costs now. One statement that looks the
 * product up as well, so that all of it is one journey; no row where it cannot be put there, for whatever reason.
 */
export function addLine(tx: Tx, whose: Whose, wanted: Wanted, at: Date) {
  const { productId, variantId, quantity, currency = null } = wanted
  const [userId, tokenHash] = 'userId' in whose ? [whose.userId, null] : [null, whose.tokenHash]
  return tx<{ id: string }[]>`
    with mine as (
      select coalesce((${currencyOf(tx, whose)}), ${currency}::text) as currency,
        (select version from carts where ${of(tx, whose)} and not exists (
          select from cart_lines where cart_id = carts.id)) as empty
    ),
    offer as (
      select v.variant_id, p.one->>'currency' as currency,
        case when p.one->'sale'->>'priceMinor' is not null
          and coalesce((p.one->'sale'->>'from')::timestamptz <= ${at}, true)
          and coalesce((p.one->'sale'->>'until')::timestamptz > ${at}, true)
        then p.one->'sale'->>'priceMinor' else p.one->>'priceMinor' end::bigint as price_minor
      from offers o join variants v on v.product_id = o.product_id cross join mine cross join lateral (
        select one from json_array_elements(v.prices) with ordinality as price (one, place)
        where mine.currency is null or one->>'currency' = mine.currency order by place limit 1) p
      where o.product_id = ${productId} and o.for_sale and ${quantity} <= coalesce(v.most, ${most.quantity})
        and ${
          variantId === undefined
            ? tx`(select count(*) from variants own where own.product_id = o.product_id) = 1`
            : tx`v.variant_id = ${variantId}`
        }
    ),
    cart as (
      insert into carts (id, order_key, user_id, token_hash, currency, expires_at)
      select ${newId()}::uuid, ${newId()}::uuid, ${userId}::uuid, ${tokenHash}::bytea, currency,
        ${new Date(at.getTime() + lastsMs)}::timestamptz from offer
      on conflict (${userId === null ? tx`token_hash` : tx`user_id`}) do update
      set expires_at = excluded.expires_at, version = carts.version + 1,
        -- Of another version somebody has put something into it meanwhile.
        currency = case when carts.version = (select empty from mine) then excluded.currency else carts.currency end
      returning id, currency
    )
    insert into cart_lines as l (id, cart_id, product_id, variant_id, quantity, price_minor, added_at)
    select ${newId()}::uuid, cart.id, ${productId}::uuid, offer.variant_id, ${quantity}::integer, offer.price_minor,
      ${at}::timestamptz
    from cart join offer on offer.currency = cart.currency
    where (select count(*) from cart_lines o where o.cart_id = cart.id) < ${most.lines}
      or exists (select from cart_lines o where o.cart_id = cart.id and o.variant_id = offer.variant_id)
    on conflict on constraint cart_lines_one do update
    set quantity = l.quantity + excluded.quantity, price_minor = excluded.price_minor
    where l.quantity + excluded.quantity <= ${most.quantity}
    returning id`
}

/** False where there is no such line in that cart. */
export async function setQuantity(tx: Tx, whose: Whose, id: string, quantity: number, at: Date): Promise<boolean> {
  const rows = await tx`
    with cart as (${touch(tx, whose, at)})
    update cart_lines set quantity = ${quantity} where id = ${id} and cart_id = (select id from cart) returning id`
  return rows.length > 0
}

export async function removeLine(tx: Tx, whose: Whose, id: string, at: Date): Promise<boolean> {
  const rows = await tx`
    with cart as (${touch(tx, whose, at)})
    delete from cart_lines where id = ${id} and cart_id = (select id from cart) returning id`
  return rows.length > 0
}

const touch = (tx: Tx, whose: Whose, at: Date) => tx`
  update carts set version = version + 1, expires_at = ${new Date(at.getTime() + lastsMs)}
  where ${of(tx, whose)} returning id`

export const dropCart = (tx: Tx, whose: Whose) => tx`delete from carts where ${of(tx, whose)}`

export interface Choices {
  readonly country?: string | null | undefined
  /** Of another country than before there is none unless it is said. */
  readonly region?: string | null | undefined
  readonly coupons?: readonly string[] | undefined
  readonly giftCards?: readonly string[] | undefined
  readonly shipping?: readonly { vendorId: string; optionId: string }[] | undefined
}

/** What stays undefined stays as it is. */
export async function choose(tx: Tx, whose: Whose, choices: Choices, at: Date): Promise<void> {
  const { country, region, coupons, giftCards, shipping } = choices
  await tx`
    update carts set version = version + 1, expires_at = ${new Date(at.getTime() + lastsMs)}
      ${country === undefined ? tx`` : tx`, country = ${country}`}
      ${
        region !== undefined
          ? tx`, region = ${region}`
          : country === undefined
            ? tx``
            : tx`, region = case when country = ${country} then region end`
      }
      ${coupons === undefined ? tx`` : tx`, coupons = ${coupons as string[]}`}
      ${giftCards === undefined ? tx`` : tx`, gift_cards = ${giftCards as string[]}`}
      ${shipping === undefined ? tx`` : tx`, shipping = ${tx.json(shipping as never)}`}
    where ${of(tx, whose)}`
}

/** The buyer knows what things cost now. */
export const agree = (tx: Tx, whose: Whose, prices: readonly { lineId: string; priceMinor: number }[]) => tx`
  update cart_lines l set price_minor = p.price_minor
  from unnest(${prices.map(({ lineId }) => lineId)}::uuid[], ${prices.map(({ priceMinor }) => priceMinor)}::bigint[])
    as p (id, price_minor)
  where l.id = p.id and l.cart_id = (select id from carts where ${of(tx, whose)})`

/**
 * What a browser had becomes the person's who signed in there, once: of two tabs the second finds nothing left. In another
 * currency than what the person has it stays where it is, and is told: its prices are not those.
 */
export async function join(tx: Tx, tokenHash: Buffer, userId: string, at: Date): Promise<Waiting | undefined> {
  const [from] = await tx<Cart[]>`select ${columns(tx)} from carts where token_hash = ${tokenHash} for update`
  if (!from) return undefined
  const [to] = await tx<{ id: string; currency: string }[]>`
    insert into carts (id, order_key, user_id, currency, country, region, coupons, gift_cards, shipping, expires_at)
    values (${newId()}, ${newId()}, ${userId}, ${from.currency}, ${from.country}, ${from.region}, ${from.coupons},
      ${from.giftCards}, ${tx.json(from.shipping)}, ${new Date(at.getTime() + lastsMs)})
    on conflict (user_id) do update set version = carts.version + 1, expires_at = excluded.expires_at
    returning id, currency`
  const [theirs] = await tx`select from cart_lines where cart_id = ${to!.id} limit 1`
  if (to!.currency !== from.currency && theirs) {
    const [{ lines }] = await tx<[{ lines: number }]>`
      select count(*)::int as lines from cart_lines where cart_id = ${from.id}`
    if (lines > 0) return { currency: from.currency, lines }
  } else {
    if (!theirs) await tx`update carts set currency = ${from.currency} where id = ${to!.id}`
    await tx`
      insert into cart_lines as l (id, cart_id, product_id, variant_id, quantity, price_minor, added_at)
      select id, ${to!.id}, product_id, variant_id, quantity, price_minor, added_at from (
        select gen_random_uuid() as id, product_id, variant_id, quantity, price_minor, added_at from cart_lines
        where cart_id = ${from.id}
        order by added_at limit greatest(0, ${most.lines} - (
          select count(*) from cart_lines where cart_id = ${to!.id})::int)) moved
      on conflict on constraint cart_lines_one do update
      set quantity = least(l.quantity + excluded.quantity, ${most.quantity})`
  }
  await tx`delete from carts where id = ${from.id}`
  return undefined
}

export const dropExpired = (tx: Tx, at: Date) => tx`
  delete from carts where id in (select id from carts where expires_at <= ${at} limit 5000)`
