import { signedIn } from '#kernel'
import type { BillingHost } from '../host.ts'
import { postingRoutes, walletOf, WalletView } from '../wallets/routes.ts'
import { companyOf } from './access.ts'

const manager = ['company_unknown', 'company_manager_required'] as const

/** What a company has and owes, for who looks after its money. */
export function companyWalletRoutes(host: BillingHost): void {
  const { db, http, settings } = host
  http.get(
    '/company/wallet',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What the company one acts for has and owes',
        refuses: [...manager],
        response: { 200: WalletView },
      },
    },
    ({ actor }) => walletOf(db, companyOf(actor), { lowMinor: settings.BILLING_LOW_BALANCE_MINOR, leastMinor: 0 }),
  )

  postingRoutes(host, '/company/wallet/postings', companyOf, {
    summary: 'What came into the wallet of the company and went out of it, the newest first',
    refuses: [...manager, 'wallet_unknown'],
  })
}
