import { DriverBlocked, DriverUnblocked } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { newId, type Tx } from '#kernel'
import { accountFor, accountsOf, post } from '#money/ledger'

const personal = (id: string): Owner => ({ kind: 'person', id })

/**
 * The accounts of billing, made at their first use. `wallet` is what a driver has, never below zero; `debt` what they owe,
 * below zero; `sales` and `tax` what a seller has earned and has to hand on; `uncollected` what nobody is known to owe;
 * `outside` where money comes from and goes to.
 */
export const accounts = {
  wallet: (tx: Tx, driverId: string, currency: string) =>
    accountFor(tx, newId(), { kind: 'wallet', owner: personal(driverId), currency }, 0n),
  debt: (tx: Tx, driverId: string, currency: string) =>
    accountFor(tx, newId(), { kind: 'debt', owner: personal(driverId), currency }, null),
  sales: (tx: Tx, owner: Owner, currency: string) => accountFor(tx, newId(), { kind: 'sales', owner, currency }, null),
  tax: (tx: Tx, owner: Owner, currency: string) => accountFor(tx, newId(), { kind: 'tax', owner, currency }, null),
  uncollected: (tx: Tx, owner: Owner, currency: string) =>
    accountFor(tx, newId(), { kind: 'uncollected', owner, currency }, null),
  outside: (tx: Tx, currency: string) => accountFor(tx, newId(), { kind: 'outside', owner: null, currency }, null),
}

/** Whoever changes what a driver has or owes does so one after the other. */
export async function lockDriver(tx: Tx, driverId: string): Promise<{ blockedAt: Date | null }> {
  await tx`insert into drivers (driver_id) values (${driverId}) on conflict do nothing`
  const [row] = await tx<{ blockedAt: Date | null }[]>`
    select blocked_at as "blockedAt" from drivers where driver_id = ${driverId} for update`
  return row!
}

/** What a driver owes in a currency, above zero. */
export async function owedBy(tx: Tx, driverId: string, currency: string): Promise<bigint> {
  const debts = await accountsOf(tx, driverId, 'debt')
  const debt = debts.find(account => account.currency === currency)
  return debt && debt.balanceMinor < 0n ? -debt.balanceMinor : 0n
}

/**
 * Pays what a driver owes as far as their wallet reaches, once for a cause; to be called whenever money came in or is no
 * longer kept. The driver is locked.
 */
export async function payDebts(
  tx: Tx,
  driverId: string,
  currency: string,
  cause: { id: string; kind: string; at: Date },
) {
  const owed = await owedBy(tx, driverId, currency)
  if (owed === 0n) return
  const [from, to] = [await accounts.wallet(tx, driverId, currency), await accounts.debt(tx, driverId, currency)]
  const wallet = (await accountsOf(tx, driverId, 'wallet')).find(({ id }) => id === from)!
  const available = wallet.balanceMinor - wallet.heldMinor
  const minor = available < owed ? available : owed
  if (minor > 0n)
    await post(tx, { cause: cause.id, kind: `${cause.kind}-debt`, at: cause.at, transfers: [{ from, to, minor }] })
}

/** Tells chargers to serve who owes too much no more, and who has paid again. */
export async function judge(tx: Tx<'billing'>, driverId: string, allowedMinor: bigint, at: Date): Promise<void> {
  const { blockedAt } = await lockDriver(tx, driverId)
  const debts = await accountsOf(tx, driverId, 'debt')
  const owesTooMuch = debts.some(({ balanceMinor }) => -balanceMinor > allowedMinor)
  if (owesTooMuch === (blockedAt !== null)) return
  await tx`update drivers set blocked_at = ${owesTooMuch ? at : null} where driver_id = ${driverId}`
  if (owesTooMuch) await tx.publish(DriverBlocked, { driverId, reason: 'funds', at: at.toISOString() })
  else await tx.publish(DriverUnblocked, { driverId, at: at.toISOString() })
}
