import type { Step } from './steps.ts'

/** What a driver has and pays. */
export const driver: readonly Step[] = [
  { operation: 'getBillingWallet' },
  { operation: 'postBillingWalletTopUps', keep: { topUpId: 'id' } },
  { operation: 'getBillingWalletTopUpsById', with: { id: 'topUpId' } },
  // Nobody has paid yet, and nobody has charged.
  { operation: 'getBillingWalletPostings', status: 404 },
  { operation: 'getBillingWalletPostingsCount', status: 404 },
  { operation: 'postBillingWalletRefunds', status: 404 },
  { operation: 'getBillingCharges' },
  { operation: 'getBillingSales' },
  { operation: 'getBillingChargesBySessionId', status: 404 },
  { operation: 'getBillingInvoicing' },
  { operation: 'putBillingInvoicing' },
  { operation: 'getBillingInvoices' },
  { operation: 'getBillingInvoicesById', status: 404 },
  { operation: 'getBillingInvoicesByIdUbl', status: 404 },
  { operation: 'getBillingInvoicesByIdPdf', status: 404 },
  { operation: 'postBillingWebhooksDeadByIdReplay', status: 404 },
]
