import Type, { type Static } from 'typebox'
import { BookingState } from '#contracts/booking'
import { Id, Instant } from '#contracts/shared'
import {
  countQuery,
  cursorOf,
  isId,
  isInstant,
  mostCounted,
  partiesOf,
  timeOf,
  createdIn,
  madeIn,
  createdQuery,
  type Actor,
  type Db,
} from '#kernel'
import { nobody, type Booking } from './bookings.ts'
import { bookingColumns } from './store.ts'
import { HoldState } from './view.ts'

export const bookingFilters = {
  state: Type.Optional(BookingState),
  stationId: Type.Optional({ ...Id, description: 'Only at this station' }),
  driverId: Type.Optional({ ...Id, description: 'Only of this person' }),
  hold: Type.Optional({ ...HoldState, description: 'Only those of which this became when their charger was asked' }),
  seriesId: Type.Optional({ ...Id, description: 'Only of these recurring bookings' }),
  from: Type.Optional({ ...Instant, description: 'Only what begins then or later' }),
  to: Type.Optional({ ...Instant, description: 'Only what begins before' }),
  ...createdQuery,
}
type Filters = Static<ReturnType<typeof countQuery<typeof bookingFilters>>>

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

/** Each is found by an index of its own: what one booked, and what is booked at one's stations. */
function scopesOf(db: Db, actor: Actor): Fragment[] {
  if (actor.role === 'admin') return [db`true`]
  const mine = db`b.driver_id = ${actor.userId}`
  if (actor.role !== 'operator') return [mine]
  const owners = [...partiesOf(actor), nobody].map(
    id => db`coalesce(b.owner_id, ${nobody}) = ${id} and b.driver_id <> ${actor.userId}`,
  )
  return [mine, ...owners]
}

const matching = (
  db: Db,
  { state, stationId, driverId, hold, seriesId, from, to, ...created }: Filters,
): Fragment => db`
  ${state === undefined ? db`` : db`and b.state = ${state}`}
  ${stationId === undefined ? db`` : db`and b.station_id = ${stationId}`}
  ${driverId === undefined ? db`` : db`and b.driver_id = ${driverId}`}
  ${hold === undefined ? db`` : db`and b.hold = ${hold}`}
  ${seriesId === undefined ? db`` : db`and b.series_id = ${seriesId}`}
  ${from === undefined ? db`` : db`and b.from_at >= ${timeOf(from)}`}
  ${to === undefined ? db`` : db`and b.from_at < ${timeOf(to)}`}
  ${madeIn(db, 'b.created_at', createdIn(created))}`

const joined = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, one) => db`${all} union all ${one}`)

/** Those that one may see, the latest first. */
export async function searchBookings(
  db: Db,
  actor: Actor,
  { limit, after, ...filters }: Filters & { limit: number; after?: string | undefined },
): Promise<Booking[]> {
  const cursor = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
  const position = cursor ? db`and (b.from_at, b.id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)` : db``
  // JSON has no equality, so the branches give ids.
  const branches = scopesOf(db, actor).map(
    scope => db`(
      select b.id, b.from_at from bookings b where ${scope} ${matching(db, filters)} ${position}
      order by b.from_at desc, b.id desc limit ${limit})`,
  )
  return await db<Booking[]>`
    select ${bookingColumns(db)} from bookings b
    where b.id in (select id from (${joined(db, branches)}) found order by from_at desc, id desc limit ${limit})
    order by b.from_at desc, b.id desc`
}

/** How many a list finds; no more than `mostCounted + 1` of each scope are looked at. */
export async function countBookings(db: Db, actor: Actor, filters: Filters): Promise<number> {
  const branches = scopesOf(db, actor).map(
    scope => db`(select from bookings b where ${scope} ${matching(db, filters)} limit ${mostCounted + 1})`,
  )
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${joined(db, branches)}) found`
  return row!.count
}
