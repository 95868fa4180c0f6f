import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { defineService, newId, type Database, type Tx } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { findInvoice, invoices, issue, type Invoice, type InvoiceDraft } from '../invoices.ts'
import { treat, type Treatment } from '../tax.ts'

export const at = new Date('2026-06-15T10:00:00Z')

/** Of charging in Germany, by somebody German to somebody who lives there. */
export const german: Treatment = treat({
  sold: 'charging',
  seller: { established: { country: 'DE' } },
  buyer: { kind: 'consumer' },
  place: { country: 'DE' },
  at,
})

export const seller = {
  id: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  name: 'Ladewerk Nürnberg GmbH',
  street: 'Am Umspannwerk 7',
  postalCode: '90441',
  city: 'Nürnberg',
  country: 'DE',
  taxId: 'DE136695976',
  taxNumber: '241/123/45678',
  registration: 'HRB 12345',
  legalNote: 'Amtsgericht Nürnberg, Geschäftsführerin: Änne Öztürk-Groß',
  email: 'rechnung@ladewerk.example',
  phone: '+49 911 5550100',
}

export const buyer = {
  id: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4e',
  name: 'Ada Fährmann',
  street: 'Straße der Einheit 12',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
}

/** A session of 18.437 kWh that was paid from the wallet. */
export const draft = (more: Partial<InvoiceDraft> = {}): InvoiceDraft => ({
  cause: newId(),
  seller,
  buyer,
  currency: 'EUR',
  language: 'en',
  prices: 'gross',
  rounding: 'document',
  at,
  timeZone: 'Europe/Berlin',
  suppliedFrom: '2026-06-15',
  suppliedTo: '2026-06-15',
  payment: { means: 'transfer', iban: 'DE02 1203 0000 0000 2020 51', bic: 'BYLADEM1001', reference: 'Ladewerk' },
  dueInDays: 14,
  lines: [
    {
      name: 'Energy',
      description: 'Station Hauptmarkt, connector 2',
      quantity: '18.437',
      unit: 'KWH',
      price: '0.49',
      treatment: german,
      item: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4f',
    },
    { name: 'Occupied after charging', quantity: '12', unit: 'MIN', price: '0.10', treatment: german },
  ],
  ...more,
})

/** A service that has nothing but invoices. */
export async function billing(t: TestContext) {
  let db!: Database
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-billing-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const service = defineService({ name: 'toys', folder, includes: [invoices], start: host => void ({ db } = host) })
  const platform = await start(t, [service])
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => db.transaction(work)
  return {
    db,
    platform,
    within,
    issue: (more: Partial<InvoiceDraft> = {}) => within(tx => issue(tx, draft(more))),
    find: async (id: string): Promise<Invoice> => (await findInvoice(db, id))!,
  }
}
