import type { PersonalTables } from '#kernel'

const own = 'user_id = $1::uuid'
const ofInvoices = 'invoice_id in (select id from invoices where buyer_id = $1::uuid)'

/** What is kept of a person. */
export const personal: PersonalTables = {
  profiles: own,
  addresses: own,
  wishes: own,
  purchases: own,
  purchase_refunds: own,
  charges: own,
  subscriptions: own,
  bills: 'subscription_id in (select id from subscriptions where user_id = $1::uuid)',
  payments: 'payer_id = $1::uuid',
  invoices: 'buyer_id = $1::uuid',
  invoice_lines: ofInvoices,
  invoice_payments: ofInvoices,
  invoice_states: 'buyer_id = $1::uuid',
  invoice_taxes: ofInvoices,
  leavers: own,
  plans: 'owner_id = $1::uuid',
  plan_sellers: 'owner_id = $1::uuid',
}
