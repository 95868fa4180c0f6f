import { UserDeleted } from '#contracts/identity'
import type { PersonalTables } from '#kernel'
import { answerHoldings } from './holdings.ts'
import type { OrdersHost } from './host.ts'

/**
 * Who deletes their account has no name and no address at their orders any more. What was booked and invoiced stays, as
 * the law wants it.
 */
export function forgetWhoLeaves(host: OrdersHost): void {
  answerHoldings(host)
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget where things were sent to of somebody who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx`
        update orders set
          billing = json_build_object('name', '–', 'address', '–', 'country', billing->>'country'),
          shipping = json_build_object('name', '–', 'address', '–', 'country', shipping->>'country')
        where user_id = ${userId} and status in ('completed', 'cancelled', 'refunded')`
      await tx`
        update returns set note = null, photos = '{}' where user_id = ${userId} and state not in ('requested', 'approved')`
    },
  )
}

const orders = '(select id from orders where user_id = $1::uuid)'
const ofOrders = `order_id in ${orders}`
const ofInvoices = 'invoice_id in (select id from invoices where buyer_id = $1::uuid)'
const accounts = '(select id from ledger_accounts where owner_id = $1::uuid)'

/** What is kept of a person: what they ordered, paid and sent back, and what they sell. */
export const personal: PersonalTables = {
  orders: 'user_id = $1::uuid',
  order_parts: ofOrders,
  order_lines: ofOrders,
  order_log: ofOrders,
  order_refunds: ofOrders,
  order_disputes: ofOrders,
  shipments: ofOrders,
  returns: 'user_id = $1::uuid',
  coupon_uses: 'user_id = $1::uuid',
  gift_uses: ofOrders,
  licence_keys: `line_id in (select id from order_lines where order_id in ${orders})`,
  downloads: `line_id in (select id from order_lines where order_id in ${orders})`,
  payments: 'payer_id = $1::uuid',
  invoices: 'buyer_id = $1::uuid',
  invoice_lines: ofInvoices,
  invoice_payments: ofInvoices,
  invoice_states: 'buyer_id = $1::uuid',
  invoice_taxes: ofInvoices,
  ledger_accounts: 'owner_id = $1::uuid',
  ledger_holds: `account_id in ${accounts}`,
  ledger_transfers: `from_id in ${accounts} or to_id in ${accounts}`,
  sellers: 'owner_id = $1::uuid',
  offers: 'vendor_id = $1::uuid',
  commission_rules: 'vendor_id = $1::uuid',
}
