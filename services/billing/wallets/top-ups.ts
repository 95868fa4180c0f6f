import { TopUpFailed } from '#contracts/billing'
import type { Tx } from '#kernel'
import { post } from '#money/ledger'
import { openPayments, type PaymentChange, type Payments } from '#money/payments'
import { companyOf } from '../companies/access.ts'
import type { BillingHost } from '../host.ts'
import { isForInvoice, takeForInvoice } from '../invoices/paying.ts'
import { accounts, judge, lockDriver, payDebts } from './accounts.ts'
import { fillingRoutes } from './filling.ts'
import { watchBalance } from './low.ts'

/** Money into wallets, by whoever takes payments here, and back to where it came from. */
export function topUps(
  host: BillingHost,
  others: (tx: Tx<'billing'>, change: PaymentChange) => Promise<void>,
): Payments<'billing'> {
  const { settings } = host
  const payments = openPayments<'billing'>(host, { onChange: (tx, change) => follow(tx, change) })

  /** What drivers and companies have follows what becomes of their payments. */
  async function follow(tx: Tx<'billing'>, change: PaymentChange): Promise<void> {
    const { payment, at } = change
    const forInvoice = isForInvoice(payment)
    if (!(payment.purpose === 'top-up' || forInvoice) || !payment.payer) return await others(tx, change)
    const { payer } = payment
    if (forInvoice && change.kind === 'succeeded') return await takeForInvoice(tx, change, payer, settings)
    const { currency } = payment
    if (change.kind === 'failed' && payer.kind === 'person' && !forInvoice)
      await tx.publish(TopUpFailed, {
        paymentId: payment.id,
        driverId: payer.id,
        currency,
        amountMinor: Number(payment.amountMinor),
        at: at.toISOString(),
      })
    const moved = movedBy(change)
    if (!moved) return
    await lockDriver(tx, payer)
    const wallet = await accounts.wallet(tx, payer, currency)
    const outside = await accounts.outside(tx, currency)
    const debt = await accounts.debt(tx, payer, currency)
    const { cause, kind, minor } = moved
    const transfers =
      minor > 0n
        ? [{ from: outside, to: wallet, minor }]
        : [{ from: wallet, to: outside, minor: -minor, otherwise: debt }]
    await post(tx, { cause, kind, at, about: { paymentId: payment.id }, transfers })
    if (minor > 0n) await payDebts(tx, payer, currency, { id: cause, kind, at })
    await judge(tx, payer, settings, at)
    if (payer.kind !== 'person') return
    await watchBalance(tx, { driverId: payer.id, currency, fell: minor < 0n, at }, settings.BILLING_LOW_BALANCE_MINOR)
  }

  fillingRoutes(host, payments, {
    path: '/wallet',
    whose: 'own wallet',
    refuses: [],
    ownerOf: ({ userId }) => ({ kind: 'person', id: userId }),
  })
  fillingRoutes(host, payments, {
    path: '/company/wallet',
    whose: 'wallet of the company one acts for',
    refuses: ['company_unknown', 'company_manager_required'],
    ownerOf: actor => ({ kind: 'organisation', id: companyOf(actor) }),
  })
  return payments
}

/** What a change moves into a wallet, or out of it below zero. What went back because the driver asked left it then. */
function movedBy(change: PaymentChange): { cause: string; kind: string; minor: bigint } | undefined {
  const { payment } = change
  switch (change.kind) {
    case 'succeeded':
      return { cause: payment.id, kind: 'top-up', minor: change.amountMinor }
    case 'refunded':
      return change.refund.reference === null
        ? { cause: change.refund.id, kind: 'refund', minor: -change.refund.amountMinor }
        : undefined
    case 'refund-failed':
      // Of one that was made at the provider this comes behind its `refunded`, which took the money out.
      return { cause: change.refund.id, kind: 'refund-failed', minor: change.refund.amountMinor }
    case 'disputed':
      return { cause: payment.id, kind: `dispute ${change.disputeId}`, minor: -change.amountMinor }
    case 'dispute-won':
      return { cause: payment.id, kind: `dispute-won ${change.disputeId}`, minor: change.amountMinor }
    default:
      return undefined
  }
}
