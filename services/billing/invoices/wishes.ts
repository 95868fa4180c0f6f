import type { Db } from '#kernel'
import type { Party } from '#money/invoices'
import type { TaxId } from '#money/tax'

/** How a driver wants to be billed; by themselves for each session, in the name of their account. */
export interface Invoicing {
  readonly every: 'session' | 'month'
  readonly party: (Omit<Party, 'id' | 'taxId'> & { readonly taxId?: TaxId | undefined }) | null
  readonly language: 'en' | 'de'
  readonly version: number
}

const usual: Invoicing = { every: 'session', party: null, language: 'en', version: 0 }

export async function findInvoicing(db: Db, driverId: string): Promise<Invoicing> {
  const [row] = await db<Invoicing[]>`
    select every, party, language, version from invoicing where driver_id = ${driverId}`
  return row ?? usual
}
