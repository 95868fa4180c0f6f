import { DriverBlocked, DriverUnblocked } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { newId, type Tx } from '#kernel'
import { accountFor, accountsOf, post } from '#money/ledger'
import type { BillingHost } from '../host.ts'
import { noteSettled } from './owed.ts'

/** Whose money it is: a driver by their id, or whoever it is. */
export type Who = string | Owner

const ownerOf = (who: Who): Owner => (typeof who === 'string' ? { kind: 'person', id: who } : who)

/**
 * The accounts of billing, made at their first use. `wallet` is what a driver or a company has, never below zero; `debt`
 * what they owe, below zero; `receivable` what a company owes that pays by invoice; `sales` and `tax` what a seller has earned and has to hand on; `uncollected` what nobody is known to owe;
 * `outside` where money comes from and goes to.
 */
export const accounts = {
  wallet: (tx: Tx, who: Who, currency: string) =>
    accountFor(tx, newId(), { kind: 'wallet', owner: ownerOf(who), currency }, 0n),
  debt: (tx: Tx, who: Who, currency: string) =>
    accountFor(tx, newId(), { kind: 'debt', owner: ownerOf(who), currency }, null),
  receivable: (tx: Tx, owner: Owner, currency: string) =>
    accountFor(tx, newId(), { kind: 'receivable', owner, currency }, null),
  sales: (tx: Tx, owner: Owner, currency: string) => accountFor(tx, newId(), { kind: 'sales', owner, currency }, null),
  tax: (tx: Tx, owner: Owner, currency: string) => accountFor(tx, newId(), { kind: 'tax', owner, currency }, null),
  uncollected: (tx: Tx, owner: Owner, currency: string) =>
    accountFor(tx, newId(), { kind: 'uncollected', owner, currency }, null),
  outside: (tx: Tx, currency: string) => accountFor(tx, newId(), { kind: 'outside', owner: null, currency }, null),
}

interface Blocked {
  readonly blockedAt: Date | null
  /** Null is for what is owed, too. */
  readonly blockedFor: 'debt' | 'balance' | null
}

/** Whoever changes what a driver or a company has or owes does so one after the other. */
export async function lockDriver(tx: Tx, who: Who): Promise<Blocked> {
  const { id: driverId } = ownerOf(who)
  await tx`insert into drivers (driver_id) values (${driverId}) on conflict do nothing`
  const [row] = await tx<Blocked[]>`
    select blocked_at as "blockedAt", blocked_for as "blockedFor" from drivers where driver_id = ${driverId} for update`
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
 * longer kept. What it was owed for is owed no longer. The driver is locked.
 */
export async function payDebts(
  tx: Tx,
  who: Who,
  currency: string,
  cause: { id: string; kind: string; at: Date },
): Promise<void> {
  const { id: ownerId } = ownerOf(who)
  const owed = await owedBy(tx, ownerId, currency)
  if (owed === 0n) return
  const [from, to] = [await accounts.wallet(tx, who, currency), await accounts.debt(tx, who, currency)]
  const wallet = (await accountsOf(tx, ownerId, 'wallet')).find(({ id }) => id === from)!
  const available = wallet.balanceMinor - wallet.heldMinor
  const minor = available < owed ? available : owed
  if (minor <= 0n) return
  const { id, at } = cause
  const kind = `${cause.kind}-debt`
  const { outcome } = await post(tx, { cause: id, kind, at, transfers: [{ from, to, minor }] })
  if (outcome !== 'posted') return
  await noteSettled(tx, { driverId: ownerId, currency, minor, cause: `${kind} ${id}`, at })
}

/** How much somebody may owe, and must have. */
export type Policy = Pick<BillingHost['settings'], 'BILLING_DEBT_ALLOWED_MINOR' | 'BILLING_LEAST_BALANCE_MINOR'>

/** Tells chargers to serve who owes too much, or has too little, no more, and who has paid again. */
export async function judge(tx: Tx<'billing'>, who: Who, policy: Policy, at: Date): Promise<void> {
  const payer = ownerOf(who)
  const { id: driverId } = payer
  const { blockedAt, blockedFor } = await lockDriver(tx, who)
  const held = await accountsOf(tx, driverId)
  const limit = payer.kind === 'person' ? null : await limitOf(tx, driverId)
  const allowedMinor = BigInt(policy.BILLING_DEBT_ALLOWED_MINOR)
  const owesTooMuch = held.some(({ kind, balanceMinor }) =>
    kind === 'debt' ? -balanceMinor > allowedMinor : kind === 'receivable' && limit !== null && -balanceMinor > limit,
  )
  const leastMinor = policy.BILLING_LEAST_BALANCE_MINOR
  const hasEnough =
    payer.kind !== 'person' ||
    leastMinor === 0 ||
    held.some(({ kind, balanceMinor }) => kind === 'wallet' && balanceMinor >= BigInt(leastMinor))
  const former = blockedAt && (blockedFor ?? 'debt')
  const reason = owesTooMuch ? 'debt' : hasEnough ? null : 'balance'
  if (reason === former) return
  await tx`
    update drivers set blocked_at = ${reason && at}, blocked_for = ${reason} where driver_id = ${driverId}`
  const told = { driverId, ...(payer.kind === 'organisation' && { payer }), at: at.toISOString() }
  if (reason) await tx.publish(DriverBlocked, { ...told, reason: 'funds', ...(reason === 'balance' && { leastMinor }) })
  else await tx.publish(DriverUnblocked, { ...told, ...(former === 'balance' && { hadTooLittle: true }) })
}

/** What a company may owe by invoices in all; null where one of its sellers sets no end, or none lets it owe any more. */
async function limitOf(tx: Tx, organisationId: string): Promise<bigint | null> {
  const [row] = await tx<{ limit: bigint | null }[]>`
    select case when bool_or(limit_minor is null) then null else sum(limit_minor) end::bigint as limit
    from company_terms where organisation_id = ${organisationId}`
  return row!.limit
}
