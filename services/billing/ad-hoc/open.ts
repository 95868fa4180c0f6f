import { getReceipt } from '#contracts/billing'
import { Problem, type Tx } from '#kernel'
import type { Payments } from '#money/payments'
import type { BillingHost } from '../host.ts'
import { terminalRoutes } from '../terminals/routes.ts'
import { openTelling } from '../terminals/telling.ts'
import { openAdHoc, type AdHoc } from './desk.ts'
import { adHocPages } from './pages.ts'
import { signRoutes } from './signs.ts'
import { addressOfVisit } from './offers.ts'
import { findVisit } from './store.ts'

/** Charging without an account: pages, signs that lead there, terminals, and what becomes of it. */
export function adHocs(
  host: BillingHost,
  payments: Payments<'billing'>,
  invoice: (tx: Tx, sessionId: string) => Promise<void>,
): AdHoc {
  const adHoc = openAdHoc(host, payments, invoice, openTelling(host))
  adHocPages(host, payments, adHoc)
  signRoutes(host)
  terminalRoutes(host, adHoc)
  host.answer(getReceipt, async ({ visitId }) => {
    const visit = await findVisit(host.db, { id: visitId })
    if (!visit) throw new Problem('not_found', 'visit_unknown')
    return { link: host.platform.publicUrl + addressOfVisit(visit) }
  })
  return adHoc
}
