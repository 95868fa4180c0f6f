import type { Owner } from '#contracts/shared'
import { partiesOf, type Actor, type Db, type Tx } from '#kernel'
import type { BookingHost } from '../host.ts'
import type { Terms } from '../bookings/bookings.ts'

/** On which terms an owner takes bookings, at one station or wherever nothing else is said. */
export interface Policy {
  readonly id: string
  readonly owner: Owner
  readonly stationId: string | null
  readonly terms: Terms
}

type Row = Omit<Policy, 'terms'> & Terms

const columns = (db: Db) => db`
  id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, station_id as "stationId", open, currency,
  booking_fee_minor::float8 as "bookingFeeMinor", no_show_fee_minor::float8 as "noShowFeeMinor",
  late_cancellation_fee_minor::float8 as "lateCancellationFeeMinor",
  late_cancellation_minutes as "lateCancellationMinutes", grace_minutes as "graceMinutes",
  hold_minutes as "holdMinutes", max_minutes as "maxMinutes", max_ahead_days as "maxAheadDays", version`

const policyOf = ({ id, owner, stationId, ...terms }: Row): Policy => ({ id, owner, stationId, terms })

/** What holds at a station: what is said of it, else of all of its owner's, else what holds everywhere. */
export async function termsFor(
  { db, settings }: Pick<BookingHost, 'db' | 'settings'>,
  owner: Owner | null,
  stationId: string,
): Promise<Terms> {
  const [row] =
    owner === null
      ? []
      : await db<Row[]>`
          select ${columns(db)} from policies
          where owner_id = ${owner.id} and (station_id = ${stationId} or station_id is null)
          order by station_id is null limit 1`
  return row ? policyOf(row).terms : usual(settings)
}

const usual = ({ BOOKING_GRACE, BOOKING_HOLD }: BookingHost['settings']): Terms => ({
  open: true,
  currency: null,
  bookingFeeMinor: 0,
  noShowFeeMinor: 0,
  lateCancellationFeeMinor: 0,
  lateCancellationMinutes: 0,
  graceMinutes: Math.round(BOOKING_GRACE / 60_000),
  holdMinutes: Math.round(BOOKING_HOLD / 60_000),
  maxMinutes: 24 * 60,
  maxAheadDays: 90,
  version: 0,
})

/** Of one owner and station there is one: the latest holds. */
export async function putPolicy(tx: Tx, { id, owner, stationId, terms }: Policy): Promise<Policy> {
  const [row] = await tx<Row[]>`
    insert into policies as p (id, owner_kind, owner_id, station_id, open, currency, booking_fee_minor,
      no_show_fee_minor, late_cancellation_fee_minor, late_cancellation_minutes, grace_minutes, hold_minutes,
      max_minutes, max_ahead_days, version)
    values (${id}, ${owner.kind}, ${owner.id}, ${stationId}, ${terms.open}, ${terms.currency},
      ${terms.bookingFeeMinor}, ${terms.noShowFeeMinor}, ${terms.lateCancellationFeeMinor},
      ${terms.lateCancellationMinutes}, ${terms.graceMinutes}, ${terms.holdMinutes}, ${terms.maxMinutes},
      ${terms.maxAheadDays}, 1)
    on conflict on constraint policies_one do update set open = excluded.open, currency = excluded.currency,
      booking_fee_minor = excluded.booking_fee_minor, no_show_fee_minor = excluded.no_show_fee_minor,
      late_cancellation_fee_minor = excluded.late_cancellation_fee_minor,
      late_cancellation_minutes = excluded.late_cancellation_minutes, grace_minutes = excluded.grace_minutes,
      hold_minutes = excluded.hold_minutes, max_minutes = excluded.max_minutes,
      max_ahead_days = excluded.max_ahead_days, version = p.version + 1
    returning ${columns(tx)}`
  return policyOf(row!)
}

export async function findPolicy(db: Db, id: string): Promise<Policy | undefined> {
  const [row] = await db<Row[]>`select ${columns(db)} from policies where id = ${id}`
  return row && policyOf(row)
}

export const deletePolicy = (tx: Tx, id: string) => tx`delete from policies where id = ${id}`

export async function listPolicies(db: Db, actor: Actor, limit: number, before: string | undefined): Promise<Policy[]> {
  const rows = await db<Row[]>`
    select ${columns(db)} from policies
    where ${actor.role === 'admin' ? db`true` : db`owner_id = any(${partiesOf(actor)})`}
      ${before === undefined ? db`` : db`and id < ${before}`}
    order by id desc limit ${limit}`
  return rows.map(policyOf)
}
