import type { Owner } from '#contracts/shared'
import { newId, type Tx } from '#kernel'
import { accountFor, lockAccountsOf, type Account } from '#money/ledger'

/**
 * The accounts of a vendor in a currency. `buyers` is where money comes into the books from, below zero by what was paid
 * to the vendor and the platform; `pending` what is not settled yet, `available` what can be paid out, `paying` what is on
 * its way, `paid` what left; `commission` what the platform keeps of it. All of them sum to zero. `available` falls below
 * zero where something goes back that was paid out; what is sold next fills it.
 */
export const accountKinds = ['buyers', 'pending', 'available', 'paying', 'paid', 'commission'] as const
export type AccountKind = (typeof accountKinds)[number]
export type Accounts = Readonly<Record<AccountKind, Account>>

/** The accounts of vendors, locked until the transaction ends; made where they are missing. */
export async function lockVendors(tx: Tx, owners: readonly Owner[], currency: string): Promise<Map<string, Accounts>> {
  const sorted = [...new Map(owners.map(owner => [owner.id, owner])).values()].toSorted((a, b) =>
    a.id < b.id ? -1 : 1,
  )
  const ids = sorted.map(({ id }) => id)
  let locked = await lockAccountsOf(tx, ids, currency)
  if (locked.length < sorted.length * accountKinds.length) {
    for (const owner of sorted)
      for (const kind of accountKinds)
        await accountFor(tx, newId(), { kind, owner, currency }, kind === 'paying' ? 0n : null)
    locked = await lockAccountsOf(tx, ids, currency)
  }
  const byOwner = Map.groupBy(locked, ({ owner }) => owner!.id)
  return new Map(
    ids.map(id => [id, Object.fromEntries(byOwner.get(id)!.map(one => [one.kind, one])) as unknown as Accounts]),
  )
}

/** From one account to another, or back where it is less than zero; nothing where it is zero. */
export const moved = (from: Account, to: Account, minor: bigint) =>
  minor === 0n ? [] : minor > 0n ? [{ from: from.id, to: to.id, minor }] : [{ from: to.id, to: from.id, minor: -minor }]
