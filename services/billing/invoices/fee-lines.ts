import type { BookingFeeKind } from '#contracts/booking'
import type { Owner } from '#contracts/shared'
import type { Db, Tx } from '#kernel'
import { decimalOf } from '#money/amount'
import type { DraftLine } from '#money/invoices'
import type { Treatment } from '#money/tax'

/** What a booking cost, as it is on an invoice. */
export interface BookedFee {
  readonly feeId: string
  readonly bookingId: string
  readonly kind: BookingFeeKind
  readonly driverId: string
  readonly sellerId: string
  readonly currency: string
  readonly totalMinor: bigint
  readonly owedMinor: bigint
  readonly state: 'booked' | 'given-back' | 'waived'
  readonly askedAt: Date
  readonly timeZone: string
  /** Null where nobody had said yet who sells: it is on no invoice. */
  readonly treatment: Treatment | null
  readonly invoiceId: string | null
}

const columns = (db: Db) => db`
  fee_id as "feeId", booking_id as "bookingId", kind, driver_id as "driverId", seller_id as "sellerId", currency,
  net_minor + tax_minor as "totalMinor", owed_minor as "owedMinor", state, asked_at as "askedAt",
  time_zone as "timeZone", treatment, invoice_id as "invoiceId"`

export async function findFee(db: Db, feeId: string): Promise<BookedFee | undefined> {
  const [row] = await db<BookedFee[]>`select ${columns(db)} from booking_fees where fee_id = ${feeId}`
  return row
}

const isUninvoiced = (db: Db) => db`state = 'booked' and treatment is not null and invoice_id is null`

/** To be on an invoice, asked for before then, and on none. */
export const isFeeUninvoiced = (db: Db, before: Date) => db`${isUninvoiced(db)} and asked_at < ${before}`

/** Those of them that are to be on an invoice, and are on none. */
export const lockFees = (tx: Tx, fees: readonly BookedFee[]) => tx<BookedFee[]>`
  select ${columns(tx)} from booking_fees
  where fee_id = any(${fees.map(({ feeId }) => feeId)}::uuid[]) and ${isUninvoiced(tx)}
  order by fee_id for update`

export const mostFees = 5_000

/** Of a seller to these drivers; of each the oldest first. */
export const listUninvoicedFees = (db: Db, sellerId: string, drivers: readonly Owner[], before: Date) => db<
  BookedFee[]
>`
  select ${columns(db)} from booking_fees
  where ${isFeeUninvoiced(db, before)} and seller_id = ${sellerId}
    and driver_id = any(${drivers.map(({ id }) => id)}::uuid[])
  order by driver_id, asked_at, fee_id limit ${mostFees}`

/** Who has some of a seller, in the order of their ids. */
export const listUninvoicedDrivers = (db: Db, sellerId: string, before: Date, after: string, limit: number) => db<
  Owner[]
>`
  select distinct 'person' as kind, driver_id as id from booking_fees
  where ${isFeeUninvoiced(db, before)} and seller_id = ${sellerId} and driver_id > ${after}
  order by driver_id limit ${limit}`

const words = {
  en: {
    booking: 'Booking',
    'no-show': 'Booking that was not used',
    'late-cancellation': 'Late cancellation',
    reservation: 'Reservation',
    'reservation-expired': 'Reservation that expired',
  },
  de: {
    booking: 'Buchung',
    'no-show': 'Nicht genutzte Buchung',
    'late-cancellation': 'Späte Stornierung',
    reservation: 'Reservierung',
    'reservation-expired': 'Abgelaufene Reservierung',
  },
}

/** As lines of invoices name it. */
export const itemOf = ({ feeId }: Pick<BookedFee, 'feeId'>): string => `booking-fee ${feeId}`

export const lineOf = (fee: BookedFee, day: string, language: 'en' | 'de'): DraftLine => ({
  name: words[language][fee.kind],
  description: fee.bookingId,
  quantity: '1',
  unit: 'C62',
  price: decimalOf({ minor: fee.totalMinor, currency: fee.currency }),
  treatment: fee.treatment!,
  item: itemOf(fee),
  from: day,
  to: day,
})
