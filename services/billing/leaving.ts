import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { newId, type PersonalTables, type Tx } from '#kernel'
import { accountsOf, availableIn, post } from '#money/ledger'
import type { Payments } from '#money/payments'
import { endCompany, type Rebook } from './companies/endings.ts'
import type { BillingHost } from './host.ts'
import { accounts, lockDriver, payDebts } from './wallets/accounts.ts'
import { giveBack } from './wallets/giving-back.ts'

/**
 * Who deletes their account, or is a company that is dissolved, is billed by no name of theirs any more, and is in no group. What was booked and invoiced
 * stays, as the law wants it, of a pseudonym; what is left in their wallet goes back to where it came from, also what
 * comes into it later, as sessions end for which it was kept.
 */
export function forgetWhoLeaves(host: BillingHost, payments: Payments<'billing'>, rebook: Rebook): void {
  const { db, now } = host
  const giving = host.job('give back what is left', async ({ userId }: { userId: string }) => {
    await db.transaction(tx => giveAllBack(tx, payments, userId, now()))
  })
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget as whom somebody was billed who left', from: 'beginning' },
    async ({ userId, timestamp }, tx) => {
      await tx`update invoicing set party = null, version = version + 1 where driver_id = ${userId}`
      await tx`delete from low_balances where driver_id = ${userId}`
      await tx`delete from driver_group_members where driver_id = ${userId}`
      await tx`
        insert into drivers (driver_id, left_at) values (${userId}, ${timestamp})
        on conflict (driver_id) do update set left_at = excluded.left_at`
      await tx.enqueue(giving, { userId }, { key: `give back ${userId}` })
    },
  )
  host.on(
    OrganisationDeleted,
    { id: 'forget', purpose: 'end the cards of a company that is gone, and give back what is left', from: 'beginning' },
    async ({ organisationId, timestamp }, tx) => {
      // Groups may stand in tariffs by which was charged; who was in them is nobody's to know any more.
      await tx`
        delete from driver_group_members
        where group_id in (select id from driver_groups where owner_id = ${organisationId})`
      const known = await tx`select from companies where organisation_id = ${organisationId}`
      if (known.length === 0) return
      await endCompany(tx, organisationId, new Date(timestamp), rebook)
      await tx`
        insert into drivers (driver_id, left_at) values (${organisationId}, ${timestamp})
        on conflict (driver_id) do update set left_at = excluded.left_at`
      await tx.enqueue(giving, { userId: organisationId }, { key: `give back ${organisationId}` })
    },
  )
  host.every('1 hour', 'give back what came into wallets of people who left', async () => {
    const people = await db<{ userId: string }[]>`
      select distinct d.driver_id as "userId"
      from drivers d join ledger_accounts a on a.owner_id = d.driver_id and a.kind = 'wallet'
        left join kept_money k on k.driver_id = d.driver_id and k.currency = a.currency
      where d.left_at is not null and a.balance_minor - a.held_minor > coalesce(k.minor, 0) limit 1000`
    await db.transaction(async tx => {
      for (const { userId } of people) await tx.enqueue(giving, { userId }, { key: `give back ${userId}` })
    })
  })
}

/** What came from no payment is kept, and it is written down why. */
async function giveAllBack(tx: Tx<'billing'>, payments: Payments<'billing'>, userId: string, at: Date): Promise<void> {
  await lockDriver(tx, userId)
  for (const { id: from, owner, currency } of await accountsOf(tx, userId, 'wallet')) {
    const cause = newId()
    await payDebts(tx, owner!, currency, { id: cause, kind: 'left', at })
    const wallet = (await accountsOf(tx, userId, 'wallet')).find(account => account.id === from)!
    const available = availableIn(wallet)!
    if (available <= 0n) continue
    const { leftMinor } = await giveBack(tx, payments, { payerId: userId, currency, id: cause, minor: available })
    const to = await accounts.outside(tx, currency)
    if (available > leftMinor)
      await post(tx, { cause, kind: 'refund', at, transfers: [{ from, to, minor: available - leftMinor }] })
    if (leftMinor > 0n)
      await tx`
        insert into kept_money (driver_id, currency, minor, reason, since)
        values (${userId}, ${currency}, ${leftMinor.toString()}, case when exists (
          select from payment_refunds r join payments p on p.id = r.payment_id
          where p.payer_id = ${userId} and p.currency = ${currency} and r.state = 'failed')
          then 'refund-failed' else 'no-payment' end, ${at})
        on conflict (driver_id, currency) do update set minor = excluded.minor, reason = excluded.reason`
  }
}

const driver = 'driver_id = $1::uuid'
const own = 'owner_id = $1::uuid'
const ofInvoices = 'invoice_id in (select id from invoices where buyer_id = $1::uuid)'
const theirAccounts = '(select id from ledger_accounts where owner_id = $1::uuid)'

/** What is kept of a person: what they pay with, what it was for, and what they sell. */
export const personal: PersonalTables = {
  drivers: driver,
  charges: driver,
  quotes: driver,
  booking_fees: driver,
  kept_money: driver,
  low_balances: driver,
  invoicing: driver,
  driver_group_members: driver,
  company_employees: 'user_id = $1::uuid',
  company_cards: 'holder_id = $1::uuid',
  payments: 'payer_id = $1::uuid',
  invoices: 'buyer_id = $1::uuid',
  invoice_lines: ofInvoices,
  invoice_payments: ofInvoices,
  invoice_states: 'buyer_id = $1::uuid',
  invoice_taxes: ofInvoices,
  ledger_accounts: own,
  ledger_holds: `account_id in ${theirAccounts}`,
  ledger_transfers: `from_id in ${theirAccounts} or to_id in ${theirAccounts}`,
  sellers: own,
  tariffs: own,
  tariff_uses: own,
  tariff_uses_past: own,
  driver_groups: own,
  terminals: own,
}
