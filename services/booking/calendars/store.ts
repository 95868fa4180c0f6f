import type { Db, Tx } from '#kernel'
import type { Booking } from '../bookings/bookings.ts'
import { bookingColumns } from '../bookings/store.ts'

/** A secret link to what one booked, or to what is booked at a station while it is somebody's. */
export interface Calendar {
  readonly id: string
  readonly userId: string
  readonly stationId: string | null
  readonly ownerId: string | null
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  id, user_id as "userId", station_id as "stationId", owner_id as "ownerId", created_at as "createdAt"`

/** The link before it leads nowhere any more. */
export async function putCalendar(tx: Tx, calendar: Calendar, digest: Buffer): Promise<Calendar> {
  const { id, userId, stationId, ownerId, createdAt } = calendar
  const [row] = await tx<Calendar[]>`
    insert into calendars (id, user_id, station_id, owner_id, digest, created_at)
    values (${id}, ${userId}, ${stationId}, ${ownerId}, ${digest}, ${createdAt})
    on conflict on constraint calendars_one do update set owner_id = excluded.owner_id, digest = excluded.digest,
      created_at = excluded.created_at
    returning ${columns(tx)}`
  return row!
}

export async function findCalendar(db: Db, digest: Buffer): Promise<Calendar | undefined> {
  const [row] = await db<Calendar[]>`select ${columns(db)} from calendars where digest = ${digest}`
  return row
}

export const listCalendars = (db: Db, userId: string, limit: number, before: string | undefined) => db<Calendar[]>`
  select ${columns(db)} from calendars
  where user_id = ${userId} ${before === undefined ? db`` : db`and id < ${before}`} order by id desc limit ${limit}`

/** False where there is none. */
export async function deleteCalendar(tx: Tx, id: string, userId: string): Promise<boolean> {
  const rows = await tx`delete from calendars where id = ${id} and user_id = ${userId} returning id`
  return rows.length > 0
}

/** What a calendar shows, the earliest first. */
export const listShown = (db: Db, { userId, stationId, ownerId }: Calendar, from: Date, to: Date) => db<Booking[]>`
  select ${bookingColumns(db)} from bookings b
  where ${
    stationId === null
      ? db`b.driver_id = ${userId}`
      : db`b.station_id = ${stationId} and b.owner_id is not distinct from ${ownerId}`
  }
    and b.from_at >= ${from} and b.from_at < ${to} and b.state <> 'rejected'
  order by b.from_at, b.id limit 2000`
