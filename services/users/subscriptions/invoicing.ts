import { SubscriptionInvoiced } from '#contracts/users'
import { Problem, type Job, type Tx } from '#kernel'
import { decimalOf } from '#money/amount'
import { issue, recordPayment, type DraftLine, type InvoiceDraft } from '#money/invoices'
import { dayAt, regimeOf, treat, type Treatment } from '#money/tax'
import { findAddresses } from '../addresses/store.ts'
import type { UsersHost } from '../host.ts'
import { findPlan, type Plan } from '../plans/store.ts'
import { findSeller, type Seller } from '../plans/sellers.ts'
import { findProfile } from '../profiles/store.ts'
import { findBill, findSubscription, updateBill, type Bill, type Subscription } from './store.ts'

const words = {
  en: { rest: 'rest of the period', credit: 'Credit of a change of plan' },
  de: { rest: 'Rest des Zeitraums', credit: 'Guthaben aus einem Wechsel' },
}

/** Invoices of what was paid for a subscription. Before it was said who sells there are none. */
export const openInvoicing = (host: UsersHost): Job<{ billId: string }> =>
  host.job('invoice a bill', ({ billId }: { billId: string }) => invoice(host, billId))

async function invoice({ db, log }: UsersHost, billId: string): Promise<void> {
  const bill = await findBill(db, billId)
  const subscription = bill && (await findSubscription(db, bill.subscriptionId))
  const plan = bill && (await findPlan(db, bill.planId))
  const seller = plan && (await findSeller(db, plan.owner.id))
  if (!bill?.paidAt || !subscription || !seller) return
  try {
    const draft = await draftFor({ db }, { bill, subscription, plan, seller })
    await db.transaction(tx => write(tx, bill, subscription, seller, draft))
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== 'unprocessable') throw error
    log.error({ bill: bill.id, problem: error.code }, 'a subscription could not be invoiced')
  }
}

async function write(tx: Tx<'users'>, bill: Bill, one: Subscription, seller: Seller, draft: InvoiceDraft) {
  const issued = await issue(tx, draft)
  await updateBill(tx, { ...(await findBill(tx, bill.id))!, invoiceId: issued.id })
  if (!issued.isNew) return
  const paid = { cause: bill.paymentId ?? bill.id, minor: issued.grossMinor, means: 'card' as const, at: bill.paidAt! }
  await recordPayment(tx, { invoice: issued.id, ...paid })
  await tx.publish(SubscriptionInvoiced, {
    subscriptionId: one.id,
    userId: one.userId,
    sellerId: seller.ownerId,
    invoiceId: issued.id,
    number: issued.number,
    issuedOn: issued.issuedOn,
    currency: one.currency,
    totalMinor: Number(issued.grossMinor),
  })
}

interface Sold {
  readonly bill: Bill
  readonly subscription: Subscription
  readonly plan: Plan
  readonly seller: Seller
}

/** By the address that bills go to, where they have one. */
async function draftFor({ db }: Pick<UsersHost, 'db'>, sold: Sold): Promise<InvoiceDraft> {
  const { bill, subscription, seller } = sold
  const { userId, currency, timeZone } = subscription
  const [profile, addresses] = await Promise.all([findProfile(db, userId), findAddresses(db, userId)])
  const address = addresses.find(({ defaultBilling }) => defaultBilling)
  const country = address?.country ?? profile?.country ?? seller.address.country
  const language = profile?.language ?? 'en'
  const treatment = treatmentOf(sold, country)
  const [from, to] = [dayOf(bill.fromAt!, timeZone), dayOf(new Date(bill.toAt!.getTime() - 1), timeZone)]
  const line = ({ what, planName, minor }: Bill['lines'][number]): DraftLine => ({
    name: what === 'credit' ? words[language].credit : planName,
    ...(what === 'rest' && { description: words[language].rest }),
    quantity: '1',
    unit: 'C62',
    price: decimalOf({ minor: BigInt(minor), currency }),
    treatment,
    item: subscription.id,
    from,
    to,
  })
  return {
    cause: `bill ${bill.id}`,
    seller: { id: seller.ownerId, name: seller.name, ...seller.address, taxId: seller.taxId ?? undefined },
    buyer: {
      id: userId,
      name: address?.company ?? address?.name ?? profile?.displayName ?? userId,
      street: address?.lines.join(', ').slice(0, 100),
      postalCode: address?.postalCode?.slice(0, 12),
      city: address?.city?.slice(0, 80),
      country,
    },
    currency,
    language,
    prices: 'gross',
    rounding: 'document',
    // Other services number theirs by themselves.
    prefix: 'SUB',
    at: bill.paidAt!,
    timeZone: 'UTC',
    suppliedFrom: from,
    suppliedTo: to < from ? from : to,
    lines: bill.lines.filter(({ minor }) => minor !== 0).map(line),
  }
}

const dayOf = (at: Date, timeZone: string): string => dayAt(at, { country: '', timeZone })

/** Of people, where they live; what no table knows is out of scope. */
function treatmentOf({ plan, seller, bill }: Sold, country: string): Treatment {
  const established = { country: seller.address.country }
  if (!regimeOf(established))
    return { category: 'O', place: established, percent: '0', parts: [], reason: 'out-of-scope' }
  return treat({
    sold: plan.sold,
    seller: { established, smallBusiness: seller.smallBusiness, oneStopShop: true },
    buyer: { kind: 'consumer', place: { country } },
    at: bill.paidAt!,
  })
}
