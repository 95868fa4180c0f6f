import { BookingFeeDue, BookingFeeWaived } from '#contracts/booking'
import type { EventData } from '#contracts/define'
import type { Db, Tx } from '#kernel'
import { majorOf } from '#money/amount'
import { post, type Transfer } from '#money/ledger'
import { taxed, type Treatment } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findInvoicing } from '../invoices/wishes.ts'
import { findSeller, treatmentOf } from '../sellers/sellers.ts'
import { accounts, judge, lockDriver, owedBy, payDebts } from '../wallets/accounts.ts'
import { noteSettled } from '../wallets/owed.ts'

type Fee = EventData<typeof BookingFeeDue>
type BillingTx = Tx<'billing'>

/** Has what was booked or given back put on an invoice, or taken from it. */
type Invoice = (tx: BillingTx, feeId: string) => Promise<void>

/** Takes what bookings cost from wallets, and gives it back where nothing is due after all. */
export function followBookings(host: BillingHost, invoice: Invoice): void {
  host.on(
    BookingFeeDue,
    { id: 'booking-fee', purpose: 'take what bookings cost', from: 'beginning', afterFailure: 'pass' },
    async (fee, tx) => await ask(host, tx, fee, invoice),
  )
  host.on(
    BookingFeeWaived,
    { id: 'booking-fee', purpose: 'give back what bookings do not cost', from: 'beginning', afterFailure: 'pass' },
    async (fee, tx) => await giveBack(host, tx, fee, invoice),
  )
}

const kindOf = ({ kind }: Fee): string => `${kind}-fee`
const aboutIt = ({ bookingId }: Fee): object => ({ bookingId })

async function ask(host: BillingHost, tx: BillingTx, fee: Fee, invoice: Invoice): Promise<void> {
  const { netMinor, taxMinor, treatment } = await parts(tx, fee)
  // Of one that was given back before it was asked for, nothing is taken.
  if (!(await insertFee(tx, fee, { netMinor, taxMinor, treatment, state: 'booked' }))) return
  const { feeId, driverId, seller, currency } = fee
  const at = host.now()
  await lockDriver(tx, driverId)
  const wallet = await accounts.wallet(tx, driverId, currency)
  const otherwise = await accounts.debt(tx, driverId, currency)
  const transfers: Transfer[] = [
    { from: wallet, to: await accounts.sales(tx, seller, currency), minor: netMinor, otherwise },
    { from: wallet, to: await accounts.tax(tx, seller, currency), minor: taxMinor, otherwise },
  ]
  const posted = await book(tx, { cause: feeId, kind: kindOf(fee), at, about: aboutIt(fee) }, transfers)
  const owed = (posted.outcome === 'posted' ? posted.transfers : []).filter(({ from }) => from === otherwise)
  const owedMinor = owed.reduce((all, { minor }) => all + minor, 0n)
  await tx`update booking_fees set owed_minor = ${owedMinor.toString()} where fee_id = ${feeId}`
  if (treatment) await invoice(tx, feeId)
  await judge(tx, driverId, host.settings, at)
}

async function giveBack(host: BillingHost, tx: BillingTx, fee: Fee, invoice: Invoice): Promise<void> {
  const nothing = { netMinor: 0n, taxMinor: 0n, treatment: null, state: 'waived' } as const
  if (await insertFee(tx, fee, nothing)) return
  const { feeId, driverId, seller, currency } = fee
  await lockDriver(tx, driverId)
  const [booked] = await tx<{ netMinor: bigint; taxMinor: bigint; owedMinor: bigint }[]>`
    select net_minor as "netMinor", tax_minor as "taxMinor", owed_minor as "owedMinor" from booking_fees
    where fee_id = ${feeId} and state = 'booked' for update`
  if (!booked) return
  await tx`update booking_fees set state = 'given-back', owed_minor = 0 where fee_id = ${feeId}`
  await invoice(tx, feeId)
  const at = host.now()
  const [wallet, debt] = [await accounts.wallet(tx, driverId, currency), await accounts.debt(tx, driverId, currency)]
  let owed = await owedBy(tx, driverId, currency)
  const transfers: Transfer[] = []
  for (const [from, minor] of [
    [await accounts.sales(tx, seller, currency), booked.netMinor],
    [await accounts.tax(tx, seller, currency), booked.taxMinor],
  ] as const) {
    const paid = owed < minor ? owed : minor
    owed -= paid
    transfers.push({ from, to: debt, minor: paid }, { from, to: wallet, minor: minor - paid })
  }
  const kind = `${kindOf(fee)}-given-back`
  await book(tx, { cause: feeId, kind, at, about: aboutIt(fee) }, transfers)
  const given = transfers.filter(({ to }) => to === debt).reduce((all, { minor }) => all + minor, 0n)
  await noteSettled(tx, { driverId, currency, minor: given - booked.owedMinor, cause: `${kind} ${feeId}`, at })
  await payDebts(tx, driverId, currency, { id: feeId, kind, at })
  await judge(tx, driverId, host.settings, at)
}

const book = (tx: Tx, entry: { cause: string; kind: string; at: Date; about: object }, transfers: Transfer[]) =>
  post(tx, { ...entry, transfers: transfers.filter(({ minor }) => minor > 0n) })

interface Parts {
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly treatment: Treatment | null
}

/** A booking is taxed as the charging it is for; where nobody said who sells, not at all. */
async function parts(db: Db, fee: Fee): Promise<Parts> {
  const { seller: owner, driverId, currency, place, at } = fee
  const minor = BigInt(fee.amountMinor)
  const seller = await findSeller(db, owner.id)
  if (!seller) return { netMinor: minor, taxMinor: 0n, treatment: null }
  const { party } = await findInvoicing(db, driverId)
  const treatment = treatmentOf(seller, party, { place, endedAt: new Date(at) })
  const { rounding } = seller
  const { netMinor, taxMinor } = taxed([{ amount: majorOf({ minor, currency }), treatment }], {
    currency,
    prices: 'gross',
    rounding,
  })
  return { netMinor, taxMinor, treatment }
}

/** False where it was booked or given back before. */
async function insertFee(
  tx: Tx,
  { feeId, bookingId, kind, driverId, seller, currency, place, at }: Fee,
  { netMinor, taxMinor, treatment, state }: Parts & { state: 'booked' | 'waived' },
): Promise<boolean> {
  const rows = await tx`
    insert into booking_fees (fee_id, booking_id, kind, driver_id, seller_kind, seller_id, currency, net_minor,
      tax_minor, state, asked_at, time_zone, treatment)
    values (${feeId}, ${bookingId}, ${kind}, ${driverId}, ${seller.kind}, ${seller.id}, ${currency},
      ${netMinor.toString()}, ${taxMinor.toString()}, ${state}, ${at}, ${place.timeZone},
      ${treatment && tx.json(treatment as never)})
    on conflict (fee_id) do nothing returning fee_id`
  return rows.length > 0
}
