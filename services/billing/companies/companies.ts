import type { BillingHost } from '../host.ts'
import { cardRoutes, employeeRoutes } from './cards.ts'
import { companyRoutes, termsRoutes } from './company.ts'
import { costCentreRoutes } from './cost-centres.ts'
import { followMembers, type Rebook } from './endings.ts'
import { companySessionRoutes } from './sessions.ts'
import { companyWalletRoutes } from './wallet.ts'

/** Organisations that pay for what their employees charge. */
export function companies(host: BillingHost, rebook: Rebook): void {
  companyRoutes(host)
  termsRoutes(host)
  companyWalletRoutes(host)
  costCentreRoutes(host)
  cardRoutes(host, rebook)
  employeeRoutes(host)
  companySessionRoutes(host)
  followMembers(host, rebook)
}
