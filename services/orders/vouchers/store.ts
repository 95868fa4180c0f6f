import { createHash } from 'node:crypto'
import type { Db, Tx } from '#kernel'
import { Problem } from '#kernel'

export interface Coupon {
  readonly id: string
  /** Null: of the platform, off everything. */
  readonly vendorId: string | null
  readonly code: string
  readonly percent: string | null
  readonly amountMinor: bigint | null
  readonly currency: string | null
  readonly leastMinor: bigint
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  readonly maxUses: number | null
  readonly maxUsesEach: number | null
  readonly used: number
  readonly active: boolean
  readonly version: number
  readonly createdAt: Date
}

export interface GiftCard {
  readonly id: string
  /** Its last letters. */
  readonly hint: string
  readonly currency: string
  readonly issuedMinor: bigint
  readonly balanceMinor: bigint
  readonly expiresAt: Date | null
  readonly createdAt: Date
}

export const couponColumns = (db: Db) => db`
  id, vendor_id as "vendorId", code, percent, amount_minor as "amountMinor", currency, least_minor as "leastMinor",
  starts_at as "startsAt", ends_at as "endsAt", max_uses as "maxUses", max_uses_each as "maxUsesEach", used, active,
  version, created_at as "createdAt"`

export const cardColumns = (db: Db) => db`
  id, hint, currency, issued_minor as "issuedMinor", balance_minor as "balanceMinor", expires_at as "expiresAt",
  created_at as "createdAt"`

/** As people type it: without regard to case, spaces and hyphens. */
export const codeOf = (typed: string): string => typed.toUpperCase().replace(/[\s-]/g, '')

export const hashOf = (code: string): Buffer => createHash('sha256').update(codeOf(code)).digest()

/** By the code as it was typed. */
export async function findCoupons(
  db: Db,
  codes: readonly string[],
  userId: string | null,
): Promise<Map<string, Coupon & { usedByBuyer: number }>> {
  if (codes.length === 0) return new Map()
  const rows = await db<(Coupon & { usedByBuyer: number })[]>`
    select ${couponColumns(db)}, (
      select count(*)::int from coupon_uses u where u.coupon_id = c.id and u.user_id = ${userId}) as "usedByBuyer"
    from coupons c where code = any(${codes.map(codeOf)})`
  const byCode = new Map(rows.map(row => [row.code, row]))
  return new Map(codes.flatMap(code => (byCode.has(codeOf(code)) ? [[code, byCode.get(codeOf(code))!]] : [])))
}

export async function findCards(db: Db, codes: readonly string[]): Promise<Map<string, GiftCard>> {
  if (codes.length === 0) return new Map()
  const hashes = codes.map(hashOf)
  const rows = await db<(GiftCard & { hash: string })[]>`
    select ${cardColumns(db)}, encode(code_hash, 'hex') as hash from gift_cards
    where encode(code_hash, 'hex') = any(${hashes.map(hash => hash.toString('hex'))})`
  const byHash = new Map(rows.map(row => [row.hash, row]))
  return new Map(
    codes.flatMap((code, index) => {
      const card = byHash.get(hashes[index]!.toString('hex'))
      return card ? [[code, card] as const] : []
    }),
  )
}

/**
 * Takes one use of each coupon for an order; of two who want the last one the second waits and learns that it is gone.
 * Fails with `coupon_used_up`.
 */
export async function useCoupons(
  tx: Tx,
  order: { id: string; userId: string },
  uses: readonly { coupon: Coupon; discountMinor: bigint }[],
): Promise<void> {
  for (const { coupon, discountMinor } of uses.toSorted((a, b) => (a.coupon.id < b.coupon.id ? -1 : 1))) {
    const [row] = await tx`
      update coupons set used = used + 1
      where id = ${coupon.id} and active and (max_uses is null or used < max_uses) returning id`
    if (!row) throw new Problem('conflict', 'coupon_used_up')
    if (coupon.maxUsesEach !== null) {
      const [{ count } = { count: 0 }] = await tx<{ count: number }[]>`
        select count(*)::int as count from coupon_uses where coupon_id = ${coupon.id} and user_id = ${order.userId}`
      if (count >= coupon.maxUsesEach) throw new Problem('conflict', 'coupon_used_up')
    }
    await tx`
      insert into coupon_uses (coupon_id, order_id, user_id, discount_minor)
      values (${coupon.id}, ${order.id}, ${order.userId}, ${discountMinor})`
  }
}

/** Takes what gift cards pay of an order. Fails with `gift_card_short` where somebody was quicker. */
export async function useCards(
  tx: Tx,
  orderId: string,
  uses: readonly { card: GiftCard; usedMinor: bigint }[],
): Promise<void> {
  for (const { card, usedMinor } of uses.toSorted((a, b) => (a.card.id < b.card.id ? -1 : 1))) {
    const [row] = await tx`
      update gift_cards set balance_minor = balance_minor - ${usedMinor}
      where id = ${card.id} and balance_minor >= ${usedMinor} returning id`
    if (!row) throw new Problem('conflict', 'gift_card_short')
    await tx`
      insert into gift_uses (gift_card_id, order_id, amount_minor) values (${card.id}, ${orderId}, ${usedMinor})`
  }
}

/** An order is over before it was paid: its coupons can be used again, and its gift cards have their money. */
export async function giveBackVouchers(tx: Tx, orderId: string): Promise<void> {
  await tx`
    with gone as (delete from coupon_uses where order_id = ${orderId} returning coupon_id)
    update coupons set used = used - 1 where id in (select coupon_id from gone)`
  await returnToCards(tx, orderId, undefined)
}

/** Money goes back to the gift cards it came from; without an amount all that is left. */
export async function returnToCards(tx: Tx, orderId: string, amountMinor: bigint | undefined): Promise<void> {
  const uses = await tx<{ cardId: string; leftMinor: bigint }[]>`
    select gift_card_id as "cardId", amount_minor - returned_minor as "leftMinor" from gift_uses
    where order_id = ${orderId} order by gift_card_id for update`
  let left = amountMinor
  for (const { cardId, leftMinor } of uses) {
    const back = left === undefined || left > leftMinor ? leftMinor : left
    if (back <= 0n) continue
    if (left !== undefined) left -= back
    await tx`update gift_uses set returned_minor = returned_minor + ${back}
      where order_id = ${orderId} and gift_card_id = ${cardId}`
    await tx`update gift_cards set balance_minor = balance_minor + ${back} where id = ${cardId}`
  }
}
