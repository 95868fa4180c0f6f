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

export const findInvoicing = async (db: Db, driverId: string): Promise<Invoicing> =>
  (await listInvoicing(db, [driverId])).get(driverId)!

/** Of each of them, by their ids. */
export async function listInvoicing(db: Db, driverIds: readonly string[]): Promise<Map<string, Invoicing>> {
  const rows = await db<(Invoicing & { driverId: string })[]>`
    select driver_id as "driverId", every, party, language, version from invoicing
    where driver_id = any(${driverIds as string[]}::uuid[])`
  return new Map([...driverIds.map(id => [id, usual] as const), ...rows.map(row => [row.driverId, row] as const)])
}
