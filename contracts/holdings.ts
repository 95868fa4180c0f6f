import Type, { type TRecord } from 'typebox'
import { call } from './define.ts'
import { Id } from './shared.ts'

/**
 * What may keep an organisation from being deleted, by who keeps it: how people call it, and what to do. Money in the
 * wallet of a company is not among it, as that goes back by itself when the company is gone; nor is what a seller of
 * charging earned, which lies outside of the platform.
 */
export const holdings = {
  passports: { passports: ['passports', 'delete drafts, move the others to another owner'] },
  documents: { documents: ['documents', 'delete them, or move them to another owner'] },
  ocpp: {
    chargers: ['chargers', 'remove them'],
    tokens: ['charging cards', 'remove them'],
  },
  stations: {
    stations: ['stations', 'delete them, or move them to another owner'],
    sites: ['sites', 'delete them'],
  },
  maintenance: {
    openTickets: ['open tickets', 'close them'],
    plannedWorks: ['planned works', 'cancel them'],
  },
  booking: { openBookings: ['bookings ahead at its stations', 'cancel them'] },
  billing: {
    openInvoices: ['unpaid invoices', 'pay them, and have yours paid or credited'],
    debts: ['debts', 'top up the wallet of the company'],
    terminals: ['payment terminals', 'remove them'],
  },
  marketplace: { listings: ['products on sale', 'delete them'] },
  orders: {
    openSales: ['sales under way', 'send them, or cancel them'],
    openReturns: ['returns under way', 'bring them to their end'],
  },
  vendors: {
    balances: ['balances that were not paid out', 'have them paid out'],
    payouts: ['payouts under way', 'wait for the bank, or cancel them'],
  },
  users: {
    plans: ['plans on offer', 'withdraw them'],
    subscriptions: ['subscriptions to its plans', 'end them'],
  },
} as const satisfies Record<string, Record<string, readonly [words: string, mend: string]>>

/** Services that keep something of organisations. */
export type Holder = keyof typeof holdings
export const holders = Object.keys(holdings) as Holder[]

const Much = Type.Integer({ minimum: 0 })

/** How much of each an organisation has, by the names above. Counts may stop where they have said enough. */
export const holdingsOf = <const Owner extends Holder>(owner: Owner) =>
  call(
    owner,
    `${owner}_holdings`,
    Type.Object({ organisationId: Id }),
    Type.Object(Object.fromEntries(Object.keys(holdings[owner]).map(name => [name, Much]))) as unknown as TRecord<
      string,
      typeof Much
    >,
  )
