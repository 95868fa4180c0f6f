import { InvoiceIssued } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import type { Issued } from '#money/invoices'

/** Tells that an invoice or a credit note was issued. */
export const tellInvoice = (
  tx: Tx<'billing'>,
  { id, kind, number, issuedOn, grossMinor }: Issued,
  { sellerId, buyer, currency }: { sellerId: string; buyer: Owner; currency: string },
) =>
  tx.publish(InvoiceIssued, {
    invoiceId: id,
    kind,
    number,
    issuedOn,
    sellerId,
    buyerId: buyer.id,
    buyer,
    currency,
    totalMinor: Number(grossMinor),
  })
