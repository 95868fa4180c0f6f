import { BookingFeeDue, BookingFeeWaived } from '#contracts/booking'
import type { EventData } from '#contracts/define'
import type { Db, Tx } from '#kernel'
import { majorOf } from '#money/amount'
import { post, type Transfer } from '#money/ledger'
import { taxed } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findInvoicing } from '../invoices/wishes.ts'
import { findSeller, treatmentOf } from '../sellers/sellers.ts'
import { accounts, judge, lockDriver, owedBy, payDebts } from '../wallets/accounts.ts'

type Fee = EventData<typeof BookingFeeDue>
type BillingTx = Tx<'billing'>

/** Takes what bookings cost from wallets, and gives it back where nothing is due after all. */
export function followBookings(host: BillingHost): void {
  host.on(
    BookingFeeDue,
    { id: 'booking-fee', purpose: 'take what bookings cost', from: 'beginning', afterFailure: 'pass' },
    async (fee, tx) => await ask(host, tx, fee),
  )
  host.on(
    BookingFeeWaived,
    { id: 'booking-fee', purpose: 'give back what bookings do not cost', from: 'beginning', afterFailure: 'pass' },
    async (fee, tx) => await giveBack(host, tx, fee),
  )
}

const kindOf = ({ kind }: Fee): string => `${kind}-fee`
const aboutIt = ({ bookingId }: Fee): object => ({ bookingId })

async function ask(host: BillingHost, tx: BillingTx, fee: Fee): Promise<void> {
  const { netMinor, taxMinor } = await parts(tx, fee)
  // Of one that was given back before it was asked for, nothing is taken.
  if (!(await insertFee(tx, fee, { netMinor, taxMinor, state: 'booked' }))) return
  const { feeId, driverId, seller, currency } = fee
  const at = host.now()
  await lockDriver(tx, driverId)
  const wallet = await accounts.wallet(tx, driverId, currency)
  const otherwise = await accounts.debt(tx, driverId, currency)
  const transfers: Transfer[] = [
    { from: wallet, to: await accounts.sales(tx, seller, currency), minor: netMinor, otherwise },
    { from: wallet, to: await accounts.tax(tx, seller, currency), minor: taxMinor, otherwise },
  ]
  await book(tx, { cause: feeId, kind: kindOf(fee), at, about: aboutIt(fee) }, transfers)
  await judge(tx, driverId, BigInt(host.settings.BILLING_DEBT_ALLOWED_MINOR), at)
}

async function giveBack(host: BillingHost, tx: BillingTx, fee: Fee): Promise<void> {
  if (await insertFee(tx, fee, { netMinor: 0n, taxMinor: 0n, state: 'waived' })) return
  const { feeId, driverId, seller, currency } = fee
  const [booked] = await tx<{ netMinor: bigint; taxMinor: bigint }[]>`
    update booking_fees set state = 'given-back' where fee_id = ${feeId} and state = 'booked'
    returning net_minor as "netMinor", tax_minor as "taxMinor"`
  if (!booked) return
  const at = host.now()
  await lockDriver(tx, driverId)
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
  await payDebts(tx, driverId, currency, { id: feeId, kind, at })
  await judge(tx, driverId, BigInt(host.settings.BILLING_DEBT_ALLOWED_MINOR), at)
}

const book = (tx: Tx, entry: { cause: string; kind: string; at: Date; about: object }, transfers: Transfer[]) =>
  post(tx, { ...entry, transfers: transfers.filter(({ minor }) => minor > 0n) })

/** A booking is taxed as the charging it is for; where nobody said who sells, not at all. */
async function parts(db: Db, fee: Fee): Promise<{ netMinor: bigint; taxMinor: bigint }> {
  const { seller: owner, driverId, currency, place, at } = fee
  const minor = BigInt(fee.amountMinor)
  const seller = await findSeller(db, owner.id)
  if (!seller) return { netMinor: minor, taxMinor: 0n }
  const { party } = await findInvoicing(db, driverId)
  const treatment = treatmentOf(seller, party, { place, endedAt: new Date(at) })
  const { rounding } = seller
  const { netMinor, taxMinor } = taxed([{ amount: majorOf({ minor, currency }), treatment }], {
    currency,
    prices: 'gross',
    rounding,
  })
  return { netMinor, taxMinor }
}

/** False where it was booked or given back before. */
async function insertFee(
  tx: Tx,
  { feeId, bookingId, kind, driverId, seller, currency }: Fee,
  { netMinor, taxMinor, state }: { netMinor: bigint; taxMinor: bigint; state: 'booked' | 'waived' },
): Promise<boolean> {
  const rows = await tx`
    insert into booking_fees (fee_id, booking_id, kind, driver_id, seller_kind, seller_id, currency, net_minor,
      tax_minor, state)
    values (${feeId}, ${bookingId}, ${kind}, ${driverId}, ${seller.kind}, ${seller.id}, ${currency},
      ${netMinor.toString()}, ${taxMinor.toString()}, ${state})
    on conflict (fee_id) do nothing returning fee_id`
  return rows.length > 0
}
